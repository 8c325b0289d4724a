#include "signer/service/server/upkeep.h"

#include <string>

#include "signer/base/clock.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {

void Upkeep::RunSelfCheck() {
  const absl::Status status = options_.self_check();
  if (status.ok()) {
    ++self_checks_.ok;
    failed_self_checks_ = 0;
    next_self_check_ = base::MonotonicNow() + options_.self_check_interval;
    if (!readiness_.ready()) readiness_.SetReady(true);
    return;
  }
  ++self_checks_.errors;
  LogError("self-check failed", {{"error", std::string(status.message())}});
  if (absl::IsInternal(status)) {
    next_self_check_ = absl::InfiniteDuration();
    readiness_.Break();
  } else if (++failed_self_checks_ >= kMaxFailedSelfChecks) {
    readiness_.SetReady(false);
  }
}

void Upkeep::RunPeriodicTasks() {
  if (base::MonotonicNow() >= next_self_check_) RunSelfCheck();
  for (Reloader* reloader : options_.reloaders) reloader->Run();
}

}  // namespace proofmint::service
