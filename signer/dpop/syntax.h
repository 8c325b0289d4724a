// Validates request text that becomes claims; text is never rewritten. Error
// messages quote at most one byte of the text; the caller puts the field's name
// in front of them. All functions are thread-safe.

#ifndef PROOFMINT_SIGNER_DPOP_SYNTAX_H_
#define PROOFMINT_SIGNER_DPOP_SYNTAX_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace proofmint::dpop {

inline constexpr size_t kMaxHtmSize = 32;  // bytes
// In bytes. Nonces that are encrypted JWTs have some 670 to 840.
inline constexpr size_t kMaxNonceSize = 1536;

// ValidateHtm fails with INVALID_ARGUMENT unless `htm` is an HTTP method: 1 to
// kMaxHtmSize bytes that form a token (RFC 9110 sections 9.1 and 5.6.2).
// Methods are case-sensitive and keep their case.
absl::Status ValidateHtm(absl::string_view htm);

// ValidateNonce fails with INVALID_ARGUMENT unless `nonce` is a DPoP nonce: 1
// to kMaxNonceSize bytes of NQCHAR (RFC 9449 section 8.1). Messages never quote
// the nonce.
absl::Status ValidateNonce(absl::string_view nonce);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_SYNTAX_H_
