// The proof itself: a JWS in compact serialization (RFC 7515 section 7.1).

#ifndef PROOFMINT_SIGNER_DPOP_PROOF_H_
#define PROOFMINT_SIGNER_DPOP_PROOF_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::dpop {

inline constexpr size_t kSignatureSize = 64;  // bytes, for every algorithm

// The largest size of a signing input, the header and the claims with a dot
// between them, and of a proof.
inline constexpr size_t kMaxSigningInputSize =
    kMaxEncodedHeaderSize + 1 + Base64UrlSize(kMaxClaimsSize);
inline constexpr size_t kMaxProofSize =
    kMaxSigningInputSize + 1 + Base64UrlSize(kSignatureSize);

// WriteSigningInput replaces `proof` by the JWS signing input (RFC 7515 section
// 5.1) of `claims` under `key`, with room for the signature.
void WriteSigningInput(const ProofKey& key, const Claims& claims,
                       std::string& proof);

// ProofJob is one proof to finish: `proof` holds the signing input that
// WriteSigningInput wrote for `key`. Both are borrowed.
struct ProofJob {
  const ProofKey* key;
  std::string* proof;
};

// SignProofs appends to every proof of `jobs`, any number of them, a dot and
// the signature. The keys must have signed nothing yet unless the caller means
// to bind a proof to an earlier key. Fails as `entropy` does, with UNAVAILABLE,
// or with FAILED_PRECONDITION if a key is empty; the proofs are then
// unspecified and must not be used. Thread-safe.
absl::Status SignProofs(crypto::Kernel kernel, crypto::Entropy& entropy,
                        std::span<const ProofJob> jobs);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_PROOF_H_
