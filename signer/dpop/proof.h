// The proof itself: a JWS in compact serialization (RFC 7515 section 7.1).

#ifndef PROOFMINT_SIGNER_DPOP_PROOF_H_
#define PROOFMINT_SIGNER_DPOP_PROOF_H_

#include <array>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::dpop {

// The largest size of a proof: the header, the claims, the signature and two
// dots.
inline constexpr size_t kMaxProofSize = kMaxEncodedHeaderSize + 1 +
                                        Base64UrlSize(kMaxClaimsSize) + 1 +
                                        Base64UrlSize(kSignatureSize);

// Storage for any proof.
using ProofBuffer = std::array<char, kMaxProofSize>;

// SignProof writes the proof of `claims` to `buffer` and returns a view of it.
// `key` must be a key that has signed nothing yet unless the caller means to
// bind the proof to an earlier key. Fails as ProofKey::Sign does; the buffer is
// then unspecified.
absl::StatusOr<absl::string_view> SignProof(const ProofKey& key,
                                            const Claims& claims,
                                            ProofBuffer& buffer);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_PROOF_H_
