#include "signer/service/observe/call_stats.h"

#include <algorithm>

namespace proofmint::service {

void TimeHistogram::Add(absl::Duration duration) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(),
                                       (nanoseconds + 999) / 1000);
  counts_[static_cast<size_t>(bound - kBounds.begin())].Add(1);
  sum_nanoseconds_.Add(static_cast<uint64_t>(nanoseconds));
}

void CallStats::CountError(const absl::Status& error) {
  const absl::string_view reason = ReasonOf(error);
  const auto* known = std::find(kReasons.begin(), kReasons.end(), reason);
  if (known != kReasons.end()) {
    errors[static_cast<size_t>(known - kReasons.begin())].Add(1);
  }
}

}  // namespace proofmint::service
