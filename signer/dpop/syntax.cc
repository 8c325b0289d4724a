#include "signer/dpop/syntax.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "signer/base/status_macros.h"

namespace proofmint::dpop {
namespace {

// Tells whether `c` is a tchar (RFC 9110 section 5.6.2).
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         (c != '\0' && absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
                           absl::string_view::npos);
}

// Tells whether `c` is an NQCHAR: %x21 / %x23-5B / %x5D-7E (RFC 9449 section
// 8.1).
bool IsNonceChar(char c) {
  return c >= 0x21 && c <= 0x7e && c != '"' && c != '\\';
}

absl::Status ValidateSize(absl::string_view text, size_t max_size) {
  if (!text.empty() && text.size() <= max_size) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("got %d bytes, want 1 to %d", text.size(), max_size));
}

}  // namespace

//= rfc9449#4.2
//# The value of the HTTP method (Section 9.1 of [RFC9110]) of the request to
//# which the JWT is attached.
absl::Status ValidateHtm(absl::string_view htm) {
  PROOFMINT_RETURN_IF_ERROR(ValidateSize(htm, kMaxHtmSize));
  for (size_t i = 0; i < htm.size(); ++i) {
    if (!IsTokenChar(htm[i])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("got byte 0x%02x at offset %d, want a token "
                          "character (RFC 9110)",
                          static_cast<unsigned char>(htm[i]), i));
    }
  }
  return absl::OkStatus();
}

//= rfc9449#8.1
//# nonce = 1*NQCHAR
absl::Status ValidateNonce(absl::string_view nonce) {
  PROOFMINT_RETURN_IF_ERROR(ValidateSize(nonce, kMaxNonceSize));
  for (size_t i = 0; i < nonce.size(); ++i) {
    if (!IsNonceChar(nonce[i])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("byte at offset %d is not an NQCHAR (RFC 9449)", i));
    }
  }
  return absl::OkStatus();
}

}  // namespace proofmint::dpop
