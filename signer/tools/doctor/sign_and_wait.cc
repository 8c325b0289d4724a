#include "signer/tools/doctor/sign_and_wait.h"

#include <future>
#include <memory>
#include <utility>

namespace proofmint::doctor {

absl::StatusOr<Proof> SignAndWait(ProofSource& proofs, ProofRequest request,
                                  absl::Time deadline) {
  // Shared, because set_value may still run when get() has returned.
  auto promise = std::make_shared<std::promise<absl::StatusOr<Proof>>>();
  proofs.SignProof(std::move(request), deadline,
                   [promise](absl::StatusOr<Proof> proof) {
                     promise->set_value(std::move(proof));
                   });
  return promise->get_future().get();
}

}  // namespace proofmint::doctor
