#include "signer/client/batch_pacing.h"

#include <algorithm>
#include <cmath>

namespace proofmint::client {
namespace {

// Arrivals count for so long, on average. Long enough that the estimate of
// 2,000 calls a second scatters by 16 %, short enough that a change of the rate
// shows in a few batches.
constexpr absl::Duration kMemory = absl::Milliseconds(20);

}  // namespace

void BatchPacing::RecordArrival(absl::Duration now) {
  const double age = absl::FDivDuration(now - last_arrival_, kMemory);
  last_arrival_ = now;
  arrivals_ = arrivals_ * std::exp(-std::max(age, 0.0)) + 1;
  const absl::Duration interval = kMemory / arrivals_;
  delay_ = interval * kWorthWaiting > max_delay_
               ? absl::ZeroDuration()
               : std::min(interval * kWorthSending, max_delay_);
}

}  // namespace proofmint::client
