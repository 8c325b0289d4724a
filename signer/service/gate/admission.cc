#include "signer/service/gate/admission.h"

#include <algorithm>

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

double Admission::TokensAt(const Bucket& bucket, absl::Duration now) const {
  return std::min(
      bucket.tokens +
          options_.caller_rate * absl::ToDoubleSeconds(now - bucket.filled),
      options_.caller_burst);
}

absl::Status Admission::TakeQuota(absl::string_view caller, double proofs,
                                  absl::Duration now) {
  base::MutexLock lock(mutex_);
  if (buckets_.size() >= forget_at_) {
    absl::erase_if(buckets_, [&](const auto& entry) {
      return TokensAt(entry.second, now) >= options_.caller_burst;
    });
    // A scan of all buckets is worth its cost only when it can remove many.
    forget_at_ = std::max(kMaxIdleBuckets, 2 * buckets_.size());
  }
  auto bucket = buckets_.find(caller);
  if (bucket == buckets_.end()) {
    bucket = buckets_
                 .try_emplace(std::string(caller),
                              Bucket{options_.caller_burst, now})
                 .first;
  }
  const double tokens = TokensAt(bucket->second, now);
  if (tokens < proofs) {
    return CallerQuotaExceededError(
        caller, absl::Seconds((proofs - tokens) / options_.caller_rate));
  }
  bucket->second = {tokens - proofs, now};
  return absl::OkStatus();
}

}  // namespace proofmint::service
