// Encodes and decodes base64url without padding (RFC 4648 section 5, RFC 7515
// section 2).

#ifndef PROOFMINT_SIGNER_DPOP_BASE64URL_H_
#define PROOFMINT_SIGNER_DPOP_BASE64URL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::dpop {

// Base64UrlSize returns the number of characters that `size` bytes encode to.
constexpr size_t Base64UrlSize(size_t size) { return (size * 4 + 2) / 3; }

// EncodeBase64Url writes Base64UrlSize(bytes.size()) characters to `out`, which
// must not overlap `bytes`.
void EncodeBase64Url(std::span<const uint8_t> bytes, char* out);

// DecodeBase64Url decodes canonical text only, so that every byte string has
// exactly one encoding: it fails with INVALID_ARGUMENT on padding, white space,
// characters of plain base64, impossible lengths and trailing bits that are not
// zero. Not constant time; for public text such as proofs.
absl::StatusOr<std::string> DecodeBase64Url(absl::string_view text);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_BASE64URL_H_
