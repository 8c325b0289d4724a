#include "bench/cost/cpu_clock.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "signer/base/clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/process.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::Process;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

TEST(CpuClockTest, ReadsAnotherProcess) {
  Process other({"/bin/sh", "-c", "while :; do :; done"});
  absl::StatusOr<CpuClock> its = CpuClock::OfProcess(other.pid());
  ASSERT_THAT(its, IsOk());
  const absl::Duration start = its->Now();
  while (its->Now() - start < absl::Milliseconds(5)) std::this_thread::yield();
  other.Signal(SIGKILL);
  other.Wait();
  EXPECT_EQ(its->Now(), absl::ZeroDuration());
  EXPECT_THAT(CpuClock::OfProcess(other.pid()),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("want the number of a running process")));
}

TEST(CpuClockTest, CountsAllThreadsAlsoThoseThatHaveEnded) {
  absl::StatusOr<CpuClock> own = CpuClock::OfProcess(getpid());
  ASSERT_THAT(own, IsOk());
  const absl::Duration start = own->Now();
  std::thread([&] {
    while (own->Now() - start < absl::Milliseconds(5)) {
    }
  }).join();
  EXPECT_GE(own->Now() - start, absl::Milliseconds(5));
  const absl::Duration before = base::ProcessCpuTime();
  EXPECT_GE(own->Now(), before);
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
