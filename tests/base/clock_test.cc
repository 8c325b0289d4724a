#include "signer/base/clock.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "absl/time/time.h"

namespace proofmint::base {
namespace {

// getrusage(2) cuts each of its two figures to whole microseconds.
constexpr absl::Duration kCut = absl::Microseconds(2);

absl::Duration CpuTimeOfGetrusage() {
  rusage usage;
  EXPECT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  return absl::DurationFromTimeval(usage.ru_utime) +
         absl::DurationFromTimeval(usage.ru_stime);
}

TEST(ClockTest, ProcessCpuTimeIsThatOfGetrusage) {
  for (int round = 0; round < 3; ++round) {
    const absl::Duration before = CpuTimeOfGetrusage();
    const absl::Duration time = ProcessCpuTime();
    const absl::Duration after = CpuTimeOfGetrusage();
    EXPECT_GE(time, before);
    EXPECT_LE(time, after + kCut);
    // The time of other threads counts, too.
    std::thread([end = time + absl::Milliseconds(5)] {
      while (ProcessCpuTime() < end) {
      }
    }).join();
  }
}

}  // namespace
}  // namespace proofmint::base
