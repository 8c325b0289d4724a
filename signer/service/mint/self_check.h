// Whether proofs can be made, and are right.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_

#include "absl/status/status.h"
#include "signer/service/mint/proof_minter.h"

namespace proofmint::service {

// CheckMinter mints a proof of each algorithm, as a call would, and verifies
// it. A proof that cannot be made is tried a few times more, since a failure
// may be passing. Returns UNAVAILABLE if none could be made, and INTERNAL if
// one is wrong: then no proof of this process is to be trusted. Thread-safe.
absl::Status CheckMinter(const ProofMinter& minter);

// VerifyResponse returns INTERNAL unless `response` is a right answer to
// `request`. Thread-safe.
absl::Status VerifyResponse(const v1::SignProofRequest& request,
                            const v1::SignProofResponse& response);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_SELF_CHECK_H_
