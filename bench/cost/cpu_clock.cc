#include "bench/cost/cpu_clock.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace proofmint::cost {
namespace {

// The kernel has no larger ones, and a clock's number has no room for them.
constexpr pid_t kMaxPid = 1 << 22;

}  // namespace

absl::StatusOr<CpuClock> CpuClock::OfProcess(pid_t pid) {
  clockid_t clock;
  timespec now;
  if (pid <= 0 || pid > kMaxPid || clock_getcpuclockid(pid, &clock) != 0 ||
      clock_gettime(clock, &now) != 0) {
    return absl::NotFoundError(
        absl::StrCat("got ", pid, ", want the number of a running process"));
  }
  return CpuClock(clock);
}

absl::Duration CpuClock::Now() const {
  timespec now;
  if (clock_gettime(clock_, &now) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(now);
}

}  // namespace proofmint::cost
