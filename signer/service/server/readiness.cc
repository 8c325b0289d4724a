#include "signer/service/server/readiness.h"

#include "proofmint/v1/proof_signer.grpc.pb.h"

namespace proofmint::service {

Readiness::Readiness() {
  health_.SetServing(kLiveness, true);
  SetReady(false);
}

void Readiness::SetReady(bool ready) {
  Set([ready](ServingState& state) { state.SetReady(ready); });
}

void Readiness::Drain(absl::Duration end) {
  Set([end](ServingState& state) { state.Drain(end); });
}

void Readiness::Break() {
  Set([](ServingState& state) { state.Break(); });
}

void Readiness::Set(absl::FunctionRef<void(ServingState&)> change) {
  base::MutexLock lock(mutex_);
  change(state_);
  PublishHealth();
}

void Readiness::PublishHealth() {
  health_.SetServing("", state_.serving());
  health_.SetServing(v1::ProofSigner::service_full_name(), state_.serving());
}

}  // namespace proofmint::service
