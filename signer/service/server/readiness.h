// Holds whether the server takes calls, for calls and for health checks alike.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_READINESS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_READINESS_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/service/gate/serving_state.h"
#include "signer/service/rpc/health_service.h"

namespace proofmint::service {

// The name under which the health service reports SERVING for as long as calls
// are answered, also while the server drains or is not ready.
inline constexpr char kLiveness[] = "liveness";

// Readiness owns the state by which calls are served or refused, and the health
// service, which reports the same state under the names "" and
// "proofmint.v1.ProofSigner". It begins as not ready.
//
// Thread-safe: changes are made one at a time, each with its health.
class Readiness {
 public:
  Readiness();

  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Each changes the state as the method of that name of ServingState does, and
  // then publishes it as the server's health.
  void SetReady(bool ready);
  void Drain(absl::Duration end);
  void Break();

  bool ready() const { return state_.serving(); }

  // For calls, which only read it.
  const ServingState& state() const { return state_; }

  HealthService& health() { return health_; }

 private:
  void Set(absl::FunctionRef<void(ServingState&)> change);
  void PublishHealth() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;  // held from a change of state_ until it is published
  ServingState state_;
  HealthService health_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_READINESS_H_
