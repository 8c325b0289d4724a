#include "signer/client/batch_pacing.h"

#include <gtest/gtest.h>

#include <random>

namespace proofmint::client {
namespace {

constexpr absl::Duration kMaxDelay = absl::Milliseconds(1);

// Returns the average delay during a second in which calls arrive at random,
// `rate` a second.
absl::Duration DelayAt(double rate, absl::Duration max_delay = kMaxDelay) {
  BatchPacing pacing(max_delay);
  std::mt19937_64 random(1);
  std::exponential_distribution<double> gap(rate);
  const absl::Duration start = absl::Hours(1);
  absl::Duration sum;
  int calls = 0;
  for (absl::Duration now = start; now < start + absl::Seconds(1);
       now += absl::Seconds(gap(random))) {
    pacing.RecordArrival(now);
    sum += pacing.Delay();
    ++calls;
  }
  return sum / calls;
}

TEST(BatchPacingTest, WaitsForNothingBeforeAnyCall) {
  EXPECT_EQ(BatchPacing(kMaxDelay).Delay(), absl::ZeroDuration());
}

TEST(BatchPacingTest, RareCallsDoNotWait) {
  EXPECT_EQ(DelayAt(100), absl::ZeroDuration());
  EXPECT_LT(DelayAt(1000), absl::Microseconds(20));
}

TEST(BatchPacingTest, FrequentCallsWaitForTheLongestTime) {
  EXPECT_GT(DelayAt(4000), absl::Microseconds(950));
  EXPECT_GT(DelayAt(16'000), absl::Microseconds(980));
}

TEST(BatchPacingTest, VeryFrequentCallsWaitUntilABatchIsWorthSending) {
  EXPECT_NEAR(absl::ToDoubleMicroseconds(DelayAt(200'000)), 320, 20);
}

TEST(BatchPacingTest, NoDelayIsAllowed) {
  EXPECT_EQ(DelayAt(16'000, absl::ZeroDuration()), absl::ZeroDuration());
}

TEST(BatchPacingTest, ForgetsABurst) {
  BatchPacing pacing(kMaxDelay);
  const absl::Duration start = absl::Hours(1);
  for (int i = 0; i < 100; ++i) pacing.RecordArrival(start);
  EXPECT_GT(pacing.Delay(), absl::ZeroDuration());
  pacing.RecordArrival(start + absl::Milliseconds(100));
  EXPECT_EQ(pacing.Delay(), absl::ZeroDuration());
}

}  // namespace
}  // namespace proofmint::client
