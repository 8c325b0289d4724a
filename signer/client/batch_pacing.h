// Decides how long a call waits for others to share its RPC.

#ifndef PROOFMINT_SIGNER_CLIENT_BATCH_PACING_H_
#define PROOFMINT_SIGNER_CLIENT_BATCH_PACING_H_

#include <cstddef>

#include "absl/time/time.h"

namespace proofmint::client {

// BatchPacing estimates how often calls arrive and derives how far apart
// batches should be sent.
//
// An RPC costs signer and broker together some 90 us of CPU time and each
// request in it some 10 us more, so the cost of a proof falls steeply with the
// first requests that join a batch and hardly any more after kWorthSending.
//
// Not thread-safe. Times are of base::MonotonicNow.
class BatchPacing {
 public:
  // A batch of so many requests does not wait for more.
  static constexpr size_t kWorthSending = 64;

  // Calls are made to wait if so many more are expected meanwhile.
  static constexpr double kWorthWaiting = 3;

  explicit BatchPacing(absl::Duration max_delay) : max_delay_(max_delay) {}

  // Notes that a call was made.
  void RecordArrival(absl::Duration now);

  // Returns the time between two batches: zero if calls are rare, otherwise
  // until kWorthSending calls are expected, and max_delay at most.
  absl::Duration Delay() const { return delay_; }

 private:
  const absl::Duration max_delay_;
  absl::Duration last_arrival_;
  // The number of arrivals, each of which fades with kMemory.
  double arrivals_ = 0;
  absl::Duration delay_;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_BATCH_PACING_H_
