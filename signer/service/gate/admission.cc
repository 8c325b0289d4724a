#include "signer/service/gate/admission.h"

#include "signer/base/status_macros.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {

absl::StatusOr<Admission::Ticket> Admission::Admit(absl::string_view caller,
                                                   size_t proofs,
                                                   absl::Duration now) {
  const size_t before = in_flight_.fetch_add(proofs, std::memory_order_relaxed);
  Ticket ticket(*this, proofs);
  if (before + proofs > options_.max_in_flight) {
    return OverloadedError(options_.max_in_flight);
  }
  if (options_.caller_rate > 0) {
    PROOFMINT_RETURN_IF_ERROR(
        TakeQuota(caller, static_cast<double>(proofs), now));
  }
  return ticket;
}

absl::Status Admission::TakeQuota(absl::string_view caller, double proofs,
                                  absl::Duration now) {
  base::MutexLock lock(mutex_);
  const double excess =
      requested_.Level(caller, now) + proofs - options_.caller_burst;
  if (excess > 0) {
    return CallerQuotaExceededError(
        caller, absl::Seconds(excess / options_.caller_rate));
  }
  requested_.Add(caller, proofs, now);
  return absl::OkStatus();
}

}  // namespace proofmint::service
