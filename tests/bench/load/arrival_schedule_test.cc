#include "bench/load/arrival_schedule.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "bench/load/clock.h"

namespace proofmint::load {
namespace {

std::vector<int64_t> Arrivals(ArrivalSchedule schedule, int count) {
  std::vector<int64_t> arrivals;
  for (int i = 0; i < count; ++i) arrivals.push_back(schedule.Next());
  return arrivals;
}

TEST(ArrivalScheduleTest, GapsAreExponential) {
  constexpr int kCount = 200'000;
  constexpr double kRate = 5000;
  const std::vector<int64_t> arrivals =
      Arrivals(ArrivalSchedule(0, kRate, /*seed=*/3), kCount);
  const double mean = 1e9 / kRate;
  double sum = 0;
  double squares = 0;
  int above_mean = 0;
  int64_t last = 0;
  for (int64_t arrival : arrivals) {
    const auto gap = static_cast<double>(arrival - last);
    ASSERT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
    above_mean += gap > mean;
    last = arrival;
  }
  // The limits are at least five standard errors. Mean and deviation of an
  // exponential distribution are equal, and a share of 1/e lies above them.
  EXPECT_NEAR(sum / kCount, mean, mean * 0.015);
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), mean, mean * 0.03);
  EXPECT_NEAR(static_cast<double>(above_mean) / kCount, std::exp(-1), 0.006);
}

// In a Poisson process the variance of the number of arrivals in an interval
// equals its mean.
TEST(ArrivalScheduleTest, CountsArePoisson) {
  constexpr int kWindows = 4000;
  constexpr double kRate = 1000;
  constexpr int64_t kWindow = kNanosecondsPerSecond / 20;  // 50 arrivals
  ArrivalSchedule schedule(0, kRate, /*seed=*/11);
  std::vector<double> counts(kWindows);
  for (int64_t time = schedule.Next(); time < kWindow * kWindows;
       time = schedule.Next()) {
    counts[time / kWindow] += 1;
  }
  double mean = 0;
  for (double count : counts) mean += count / kWindows;
  double variance = 0;
  for (double count : counts) {
    variance += (count - mean) * (count - mean) / kWindows;
  }
  EXPECT_NEAR(mean, 50, 0.6);
  EXPECT_NEAR(variance, mean, 6);
}

TEST(ArrivalScheduleTest, ASeedRepeatsItsTimes) {
  const std::vector<int64_t> first = Arrivals({0, 100, 42}, 1000);
  EXPECT_EQ(Arrivals({0, 100, 42}, 1000), first);
  EXPECT_NE(Arrivals({0, 100, 43}, 1000), first);
}

// The times do not depend on when they are read.
TEST(ArrivalScheduleTest, DoesNotSlipForASlowReader) {
  const std::vector<int64_t> expected = Arrivals({0, 2000, 5}, 400);
  const int64_t start = MonotonicNow();
  ArrivalSchedule schedule(start, 2000, 5);
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(schedule.Next() - start, expected[i]);
    if (i % 100 != 0) continue;
    // As slow as a generator that waits for a stalled server.
    while (MonotonicNow() - start < expected[i] + 20'000'000) {
    }
  }
}

TEST(ArrivalScheduleTest, KeepsTheRateOverAWeek) {
  constexpr int kCount = 600'000;
  const std::vector<int64_t> arrivals = Arrivals({0, 1, 9}, kCount);
  EXPECT_NEAR(static_cast<double>(arrivals.back()), 1e9 * kCount,
              1e9 * 5 * std::sqrt(kCount));
}

}  // namespace
}  // namespace proofmint::load
