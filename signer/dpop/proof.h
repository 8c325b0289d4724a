// Assembles and signs DPoP proofs: JWS in compact serialization (RFC 7515
// section 7.1).

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

// The largest sizes, in characters, of a signing input (the header and the
// claims, with a dot between them) and of a proof.
inline constexpr size_t kMaxSigningInputSize =
    kMaxEncodedHeaderSize + 1 + Base64UrlSize(kMaxClaimsSize);
inline constexpr size_t kMaxProofSize =
    kMaxSigningInputSize + 1 + Base64UrlSize(kSignatureSize);

// WriteSigningInput replaces `proof` by the JWS signing input (RFC 7515 section
// 5.1) of `claims` and the header of `key`, and reserves room for the
// signature. Thread-safe.
void WriteSigningInput(const ProofKey& key, const Claims& claims,
                       std::string& proof);

// ProofJob describes one proof to sign: `proof` holds the signing input that
// WriteSigningInput wrote for `key`. Both are borrowed.
struct ProofJob {
  const ProofKey* key;
  std::string* proof;
};

// SignProofs signs the proofs of `jobs`, any number of them: it appends a dot
// and the signature to each. A key should sign one proof only, unless the
// caller wants to bind several proofs to one key. Fails as `entropy` does, with
// UNAVAILABLE if signing fails, or with FAILED_PRECONDITION if a key is empty;
// the proofs are then unspecified and must not be used. Thread-safe.
absl::Status SignProofs(crypto::Kernel kernel, crypto::Entropy& entropy,
                        std::span<const ProofJob> jobs);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_PROOF_H_
