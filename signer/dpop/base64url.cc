#include "signer/dpop/base64url.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"

namespace proofmint::dpop {
namespace {

constexpr char kAlphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

void EncodeBase64Url(std::span<const uint8_t> bytes, char* out) {
  const uint8_t* in = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    uint32_t group = static_cast<uint32_t>(in[0]) << 16 |
                     static_cast<uint32_t>(in[1]) << 8 | in[2];
    out[0] = kAlphabet[group >> 18];
    out[1] = kAlphabet[group >> 12 & 63];
    out[2] = kAlphabet[group >> 6 & 63];
    out[3] = kAlphabet[group & 63];
  }
  if (left == 1) {
    out[0] = kAlphabet[in[0] >> 2];
    out[1] = kAlphabet[(in[0] & 3) << 4];
  } else if (left == 2) {
    out[0] = kAlphabet[in[0] >> 2];
    out[1] = kAlphabet[(in[0] & 3) << 4 | in[1] >> 4];
    out[2] = kAlphabet[(in[1] & 15) << 2];
  }
}

absl::StatusOr<std::string> DecodeBase64Url(absl::string_view text) {
  // Abseil's decoder forgives padding, spaces and trailing bits; only canonical
  // text survives the way back.
  std::string bytes;
  if (absl::WebSafeBase64Unescape(text, &bytes) &&
      absl::WebSafeBase64Escape(bytes) == text) {
    return bytes;
  }
  return absl::InvalidArgumentError(
      "got text that is not canonical, want base64url without padding");
}

}  // namespace proofmint::dpop
