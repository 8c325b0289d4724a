// Computes SHA-256 and SHA-512 digests (FIPS 180-4).

#ifndef PROOFMINT_SIGNER_CRYPTO_SHA2_H_
#define PROOFMINT_SIGNER_CRYPTO_SHA2_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"

namespace proofmint::crypto {

inline constexpr size_t kSha256Size = 32;  // bytes
inline constexpr size_t kSha512Size = 64;  // bytes

using Sha256Digest = std::array<uint8_t, kSha256Size>;
using Sha512Digest = std::array<uint8_t, kSha512Size>;

// Sha256 and Sha512 return the digest of `message`. Thread-safe.
Sha256Digest Sha256(std::span<const uint8_t> message);
Sha512Digest Sha512(std::span<const uint8_t> message);

// Sha256Prefix is the state of SHA-256 after a number of whole blocks. Messages
// that begin with the same blocks share it, so that those are hashed once. Its
// const methods are thread-safe.
class Sha256Prefix {
 public:
  static constexpr size_t kBlockSize = 64;  // bytes

  // Makes the state before the first block.
  Sha256Prefix();
  // Hashes `prefix`, whose size must be a multiple of kBlockSize.
  explicit Sha256Prefix(std::span<const uint8_t> prefix);

  // Returns the size of the prefix, in bytes.
  size_t size() const { return size_; }

  // Returns the digest of the prefix followed by `rest`.
  Sha256Digest Finish(std::span<const uint8_t> rest) const;

 private:
  std::array<uint32_t, 8> state_;
  uint32_t size_ = 0;  // bytes
};

// AsBytes views text as bytes; it copies nothing and owns nothing.
inline std::span<const uint8_t> AsBytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SHA2_H_
