#include "signer/service/observe/call_stats.h"

#include <gmock/gmock.h>

#include <vector>

namespace proofmint::service {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> FirstCounts(const TimeHistogram& histogram) {
  return {histogram.count(0), histogram.count(1), histogram.count(2)};
}

// A bucket counts values up to its bound, as in Prometheus.
TEST(TimeHistogramTest, ABoundBelongsToItsBucket) {
  TimeHistogram histogram;
  histogram.Add(absl::ZeroDuration());
  histogram.Add(absl::Microseconds(10));
  histogram.Add(absl::Nanoseconds(10'001));
  histogram.Add(absl::Microseconds(20));
  histogram.Add(absl::Microseconds(21));
  EXPECT_THAT(FirstCounts(histogram), ElementsAre(2, 2, 1));
  EXPECT_EQ(histogram.sum_nanoseconds(), 61'001u);
}

TEST(TimeHistogramTest, TheLastBucketTakesTheRest) {
  TimeHistogram histogram;
  histogram.Add(absl::Seconds(10));
  histogram.Add(absl::Seconds(11));
  EXPECT_EQ(histogram.count(TimeHistogram::kBuckets - 2), 1u);
  EXPECT_EQ(histogram.count(TimeHistogram::kBuckets - 1), 1u);
}

TEST(CallStatsTest, CountsErrorsByTheirReason) {
  CallStats stats;
  stats.CountError(OverloadedError(1));
  stats.CountError(OverloadedError(1));
  stats.CountError(SigningFailedError(absl::InternalError("x")));
  stats.CountError(absl::InternalError("an error without a reason"));
  uint64_t all = 0;
  for (size_t i = 0; i < kReasons.size(); ++i) {
    all += stats.errors[i].value();
    if (kReasons[i] == kOverloaded) {
      EXPECT_EQ(stats.errors[i].value(), 2u);
    }
  }
  EXPECT_EQ(all, 3u);
}

}  // namespace
}  // namespace proofmint::service
