// Whether the server takes calls.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace proofmint::service {

// ServingState begins as not ready, goes to ready and back, and ends as
// draining or broken, whichever comes first: neither is left again.
//
// Thread-safe; Check takes no lock.
class ServingState {
 public:
  // Check returns OK if calls are to be served, and what to answer otherwise:
  // NOT_READY, DRAINING or CRYPTO_SELF_TEST_FAILED.
  absl::Status Check() const;

  bool serving() const {
    return phase_.load(std::memory_order_acquire) == Phase::kReady;
  }

  // SetReady changes nothing once the server drains or is broken.
  void SetReady(bool ready);

  // Drain has callers told to come back after `end`, a time of MonotonicNow,
  // when a successor may be there; but in kMaxDrainDelay at most, since in a
  // fleet another server is there already.
  static constexpr absl::Duration kMaxDrainDelay = absl::Milliseconds(500);
  void Drain(absl::Duration end);

  // Break is for a server whose proofs are wrong.
  void Break();

 private:
  enum class Phase { kUnready, kReady, kEnding, kBroken };

  std::atomic<Phase> phase_ = Phase::kUnready;
  std::atomic<int64_t> drain_end_ = 0;  // nanoseconds, set before kEnding
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_SERVING_STATE_H_
