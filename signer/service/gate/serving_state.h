// Holds the state of the server that decides whether it takes calls.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace proofmint::service {

// ServingState is not ready at first. It can change between ready and not ready
// until it is draining or broken, which are final.
//
// Thread-safe; Check takes no lock.
class ServingState {
 public:
  // Check returns OK if calls are served. Otherwise it returns the error to
  // answer them with: NOT_READY, DRAINING or CRYPTO_SELF_TEST_FAILED.
  absl::Status Check() const;

  bool serving() const {
    return phase_.load(std::memory_order_acquire) == Phase::kReady;
  }

  // SetReady does nothing once the server is draining or broken.
  void SetReady(bool ready);

  // Drain makes Check tell callers to retry after `end`, a time of
  // MonotonicNow, when a successor may have started; but after kMaxDrainDelay
  // at most, since in a fleet another server can serve them already.
  static constexpr absl::Duration kMaxDrainDelay = absl::Milliseconds(500);
  void Drain(absl::Duration end);

  // Break stops the service for good because a self-check found a wrong proof.
  void Break();

 private:
  enum class Phase { kUnready, kReady, kDraining, kBroken };

  std::atomic<Phase> phase_ = Phase::kUnready;
  std::atomic<int64_t> drain_end_ = 0;  // nanoseconds, set before kDraining
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_
