#include "signer/dpop/base64url.h"

#include <array>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"

namespace proofmint::dpop {
namespace {

constexpr char kAlphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The two characters of every 12-bit number: this takes half as many look-ups
// as one character at a time. The encoded bytes are public, so the look-ups
// need not be constant time.
struct CharacterPair {
  char characters[2];
};
constexpr std::array<CharacterPair, 4096> kPairs = [] {
  std::array<CharacterPair, 4096> pairs = {};
  for (size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {{kAlphabet[i >> 6], kAlphabet[i & 63]}};
  }
  return pairs;
}();

void WritePair(uint32_t number, char* out) {
  std::memcpy(out, kPairs[number].characters, 2);
}

}  // namespace

void EncodeBase64Url(std::span<const uint8_t> bytes, char* out) {
  const uint8_t* in = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    uint32_t group = static_cast<uint32_t>(in[0]) << 16 |
                     static_cast<uint32_t>(in[1]) << 8 | in[2];
    WritePair(group >> 12, out);
    WritePair(group & 4095, out + 2);
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
  // Abseil's decoder accepts padding, spaces and trailing bits. Text is
  // canonical only if encoding the bytes again gives the same text.
  std::string bytes;
  if (absl::WebSafeBase64Unescape(text, &bytes) &&
      absl::WebSafeBase64Escape(bytes) == text) {
    return bytes;
  }
  return absl::InvalidArgumentError("not canonical base64url without padding");
}

}  // namespace proofmint::dpop
