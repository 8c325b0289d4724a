// Decodes the hexadecimal text of test vectors.

#ifndef PROOFMINT_TESTS_TESTING_HEX_H_
#define PROOFMINT_TESTS_TESTING_HEX_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace proofmint::testing {

inline std::string ToHex(std::span<const uint8_t> bytes) {
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// Returns the N bytes of `hex`, which must have 2 * N digits.
template <size_t N>
std::array<uint8_t, N> FromHex(absl::string_view hex) {
  ABSL_RAW_CHECK(hex.size() == 2 * N, "unexpected size");
  std::string bytes = absl::HexStringToBytes(hex);
  std::array<uint8_t, N> array;
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_HEX_H_
