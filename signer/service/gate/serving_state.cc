#include "signer/service/gate/serving_state.h"

#include <algorithm>

#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {
namespace {

// How long a client waits after the end of the drain, for the successor to
// start.
constexpr absl::Duration kSuccessorDelay = absl::Milliseconds(50);

}  // namespace

absl::Status ServingState::Check() const {
  switch (phase_.load(std::memory_order_acquire)) {
    case Phase::kReady:
      return absl::OkStatus();
    case Phase::kUnready:
      return NotReadyError();
    case Phase::kBroken:
      return CryptoSelfTestFailedError();
    case Phase::kDraining:
      break;
  }
  const absl::Duration end =
      absl::Nanoseconds(drain_end_.load(std::memory_order_relaxed));
  const absl::Duration left =
      std::max(end - base::MonotonicNow(), absl::ZeroDuration());
  return DrainingError(std::min(left + kSuccessorDelay, kMaxDrainDelay));
}

void ServingState::SetReady(bool ready) {
  Phase from = ready ? Phase::kUnready : Phase::kReady;
  phase_.compare_exchange_strong(from, ready ? Phase::kReady : Phase::kUnready);
}

void ServingState::Drain(absl::Duration end) {
  drain_end_.store(absl::ToInt64Nanoseconds(end), std::memory_order_relaxed);
  Phase from = phase_.load();
  while (from != Phase::kBroken &&
         !phase_.compare_exchange_weak(from, Phase::kDraining)) {
  }
}

void ServingState::Break() {
  Phase from = phase_.load();
  while (from != Phase::kDraining &&
         !phase_.compare_exchange_weak(from, Phase::kBroken)) {
  }
}

}  // namespace proofmint::service
