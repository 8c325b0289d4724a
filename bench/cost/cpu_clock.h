// Reads the CPU time of another process.

#ifndef PROOFMINT_BENCH_COST_CPU_CLOCK_H_
#define PROOFMINT_BENCH_COST_CPU_CLOCK_H_

#include <sys/types.h>
#include <time.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace proofmint::cost {

// CpuClock reads the CPU time, user and system, of all threads of a process,
// also of those that have ended, as base::ProcessCpuTime does of this one.
// Unlike /proc, which counts in hundredths of a second, it is exact to the
// nanosecond; unlike metrics, reading it costs the other process nothing.
// Thread-safe.
class CpuClock {
 public:
  // Returns the clock of the process `pid`. Fails with NOT_FOUND if there is no
  // such process.
  static absl::StatusOr<CpuClock> OfProcess(pid_t pid);

  // Returns the time used so far; zero if the process has ended.
  absl::Duration Now() const;

 private:
  explicit CpuClock(clockid_t clock) : clock_(clock) {}

  clockid_t clock_;
};

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_CPU_CLOCK_H_
