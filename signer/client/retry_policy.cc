#include "signer/client/retry_policy.h"

#include <algorithm>
#include <cmath>

#include "absl/random/uniform_real_distribution.h"
#include "signer/exchange/proof_source.h"

namespace proofmint {

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return true;
    case absl::StatusCode::kResourceExhausted:
      // Without a RetryInfo it is a message that is too large.
      return RetryDelayOf(status).has_value();
    default:
      return false;
  }
}

absl::Duration Backoff(const RetryOptions& options, int retry,
                       std::optional<absl::Duration> retry_info,
                       absl::BitGenRef random) {
  // The power may overflow to infinity, which max_backoff then limits.
  const absl::Duration limit = std::min(
      options.max_backoff,
      options.initial_backoff * std::pow(options.multiplier, retry - 1));
  const double jitter =
      absl::uniform_real_distribution<double>(0.0, 1.0)(random);
  return std::max(retry_info.value_or(absl::ZeroDuration()),
                  absl::ZeroDuration()) +
         limit * jitter;
}

bool RetryBudget::TryRetry() {
  tokens_ = std::max(tokens_ - 1, 0);
  return tokens_ > kMaxTokens / 2;
}

void RetryBudget::RecordSuccess() {
  tokens_ = std::min(tokens_ + 1, kMaxTokens);
}

}  // namespace proofmint
