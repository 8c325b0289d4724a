// Checks that proofs can be made and are correct.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_

#include "absl/status/status.h"
#include "signer/service/mint/proof_minter.h"

namespace proofmint::service {

// CheckMinter mints a proof of each algorithm, as a call does, and verifies it.
// It tries a few times, because a failure to mint may be temporary. Returns
// UNAVAILABLE if a proof could not be made. Returns INTERNAL if a proof is
// wrong: then no proof of this process can be trusted. Thread-safe.
absl::Status CheckMinter(const ProofMinter& minter);

// VerifyResponse returns INTERNAL unless `response` is a correct answer to
// `request`. Thread-safe.
absl::Status VerifyResponse(const v1::SignProofRequest& request,
                            const v1::SignProofResponse& response);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_
