// Defines the clocks that programs read.

#ifndef PROOFMINT_SIGNER_BASE_CLOCK_H_
#define PROOFMINT_SIGNER_BASE_CLOCK_H_

#include <time.h>

#include <functional>

#include "absl/time/time.h"

namespace proofmint::base {

// Clock returns the current time; absl::Now in production, injected so that
// tests can set it. Must be thread-safe.
using Clock = std::function<absl::Time()>;

// MonotonicNow returns the time of CLOCK_MONOTONIC, which cannot be set: for
// durations and deadlines inside the process. Thread-safe.
inline absl::Duration MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

// ProcessCpuTime returns the user and system CPU time that all threads of this
// process have used so far, as getrusage(2) counts it. Thread-safe.
inline absl::Duration ProcessCpuTime() {
  timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_CLOCK_H_
