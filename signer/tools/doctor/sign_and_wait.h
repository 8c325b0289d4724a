// SignAndWait gets a proof on the calling thread.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGN_AND_WAIT_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGN_AND_WAIT_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::doctor {

// SignAndWait asks `proofs` for a proof and blocks until it comes, soon after
// `deadline` at the latest. Fails as `proofs` does. Thread-safe; never call it
// on a thread on which `proofs` calls back.
absl::StatusOr<Proof> SignAndWait(ProofSource& proofs, ProofRequest request,
                                  absl::Time deadline);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGN_AND_WAIT_H_
