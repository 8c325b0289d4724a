#include "signer/service/server/periodic_tasks.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"

namespace proofmint::service {
namespace {

TEST(PeriodicTasksTest, RunsAgainAndAgain) {
  std::atomic<int> runs = 0;
  absl::BlockingCounter three(3);
  PeriodicTasks tasks(absl::Milliseconds(1), [&] {
    if (++runs <= 3) three.DecrementCount();
  });
  three.Wait();
}

TEST(PeriodicTasksTest, EndsAtOnceAndRunsNoMore) {
  std::atomic<int> runs = 0;
  const absl::Time start = absl::Now();
  {
    PeriodicTasks tasks(absl::Hours(1), [&] { ++runs; });
  }
  EXPECT_LT(absl::Now() - start, absl::Minutes(1));
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace proofmint::service
