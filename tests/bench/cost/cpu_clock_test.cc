#include "bench/cost/cpu_clock.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "bench/load/clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/process.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::Process;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

// Uses so many nanoseconds of CPU time on this thread.
void Work(int64_t nanoseconds) {
  timespec now;
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_sec * load::kNanosecondsPerSecond + now.tv_nsec <
           nanoseconds);
}

TEST(CpuClockTest, CountsAllThreadsAlsoThoseThatHaveEnded) {
  const CpuClock clock = CpuClock::OfThisProcess();
  const int64_t before = clock.Now();
  std::thread([] { Work(5'000'000); }).join();
  EXPECT_GE(clock.Now() - before, 5'000'000);
}

TEST(CpuClockTest, ReadsAnotherProcess) {
  const absl::StatusOr<CpuClock> own = CpuClock::OfProcess(getpid());
  ASSERT_THAT(own, IsOk());
  const int64_t before = CpuClock::OfThisProcess().Now();
  EXPECT_GE(own->Now(), before);

  Process other({"/bin/sh", "-c", "while :; do :; done"});
  absl::StatusOr<CpuClock> its = CpuClock::OfProcess(other.pid());
  ASSERT_THAT(its, IsOk());
  const int64_t start = its->Now();
  while (its->Now() - start < 5'000'000) std::this_thread::yield();
  other.Signal(SIGKILL);
  other.Wait();
  EXPECT_EQ(its->Now(), 0);
  EXPECT_THAT(CpuClock::OfProcess(other.pid()),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("want the number of a running process")));
}

TEST(CpuClockTest, RefusesWhatIsNoProcess) {
  for (pid_t pid : {0, -1, 1 << 30}) {
    EXPECT_THAT(
        CpuClock::OfProcess(pid),
        StatusIs(absl::StatusCode::kNotFound, HasSubstr(std::to_string(pid))));
  }
}

}  // namespace
}  // namespace proofmint::cost
