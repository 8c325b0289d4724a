// Checks of request text that becomes claims. Text is validated, never
// rewritten. Messages read "got X, want Y" and quote at most one byte of the
// text; the caller puts the field's name in front.

#ifndef PROOFMINT_SIGNER_DPOP_SYNTAX_H_
#define PROOFMINT_SIGNER_DPOP_SYNTAX_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace proofmint::dpop {

inline constexpr size_t kMaxHtmSize = 32;     // bytes
inline constexpr size_t kMaxNonceSize = 512;  // bytes

// ValidateHtm accepts an HTTP method: 1 to kMaxHtmSize bytes that form a token
// (RFC 9110 sections 9.1 and 5.6.2). Case matters and is not touched.
absl::Status ValidateHtm(absl::string_view htm);

// ValidateNonce accepts a DPoP nonce: 1 to kMaxNonceSize bytes of NQCHAR
// (RFC 9449 section 8.1). Messages never quote the nonce.
absl::Status ValidateNonce(absl::string_view nonce);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_SYNTAX_H_
