#include "signer/service/server/periodic_tasks.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;

TEST(PeriodicTasksTest, RunsAgainAndAgain) {
  std::atomic<int> runs = 0;
  absl::BlockingCounter three(3);
  auto tasks = PeriodicTasks::Start(absl::Milliseconds(1), [&] {
    if (++runs <= 3) three.DecrementCount();
  });
  ASSERT_THAT(tasks, IsOk());
  three.Wait();
}

TEST(PeriodicTasksTest, EndsAtOnceAndRunsNoMore) {
  std::atomic<int> runs = 0;
  const absl::Time start = absl::Now();
  {
    auto tasks = PeriodicTasks::Start(absl::Hours(1), [&] { ++runs; });
    ASSERT_THAT(tasks, IsOk());
  }
  EXPECT_LT(absl::Now() - start, absl::Minutes(1));
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace proofmint::service
