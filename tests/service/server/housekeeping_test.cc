#include "signer/service/server/housekeeping.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"

namespace proofmint::service {
namespace {

TEST(HousekeepingTest, RunsAgainAndAgain) {
  std::atomic<int> runs = 0;
  absl::BlockingCounter three(3);
  Housekeeping housekeeping(absl::Milliseconds(1), [&] {
    if (++runs <= 3) three.DecrementCount();
  });
  three.Wait();
}

TEST(HousekeepingTest, EndsAtOnceAndRunsNoMore) {
  std::atomic<int> runs = 0;
  const absl::Time start = absl::Now();
  {
    Housekeeping housekeeping(absl::Hours(1), [&] { ++runs; });
  }
  EXPECT_LT(absl::Now() - start, absl::Minutes(1));
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace proofmint::service
