// Makes HTTP/2 frames (RFC 9113 section 4.1).

#ifndef PROOFMINT_TESTS_TESTING_HTTP2_FRAMES_H_
#define PROOFMINT_TESTS_TESTING_HTTP2_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace proofmint::testing {

// What a client sends first.
inline constexpr absl::string_view kPreface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Frame types and flags (RFC 9113 section 6).
struct FrameType {
  static constexpr int kData = 0;
  static constexpr int kHeaders = 1;
  static constexpr int kPriority = 2;
  static constexpr int kReset = 3;
  static constexpr int kSettings = 4;
  static constexpr int kPushPromise = 5;
  static constexpr int kPing = 6;
  static constexpr int kGoAway = 7;
  static constexpr int kWindowUpdate = 8;
  static constexpr int kContinuation = 9;
};

struct FrameFlag {
  static constexpr int kEndStream = 0x1;
  static constexpr int kEndHeaders = 0x4;
  static constexpr int kPadded = 0x8;
  static constexpr int kPriority = 0x20;
};

// Returns a frame with `payload`.
inline std::string Frame(int type, int flags, uint32_t id,
                         absl::string_view payload) {
  const size_t size = payload.size();
  const auto byte = [](size_t value) { return static_cast<char>(value); };
  return absl::StrCat(
      std::string{byte(size >> 16), byte(size >> 8), byte(size),
                  static_cast<char>(type), static_cast<char>(flags),
                  byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)},
      payload);
}

// Returns a frame with a payload of `size` zeros.
inline std::string Frame(int type, int flags, uint32_t id, size_t size) {
  return Frame(type, flags, id, std::string(size, '\0'));
}

inline std::span<const uint8_t> Bytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_HTTP2_FRAMES_H_
