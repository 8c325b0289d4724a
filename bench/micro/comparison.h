// One benchmark: the same operation by several sides that take turns.

#ifndef PROOFMINT_BENCH_MICRO_COMPARISON_H_
#define PROOFMINT_BENCH_MICRO_COMPARISON_H_

#include <benchmark/benchmark.h>
#include <time.h>

#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/micro/results.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::bench {

// Side does its operation a slice at a time. A slice is long beside the clock
// and what the side before it left in the caches, and short beside the noise of
// a shared machine. Not thread-safe.
struct Side {
  std::string name;
  size_t slice;  // items
  // Does one slice with fresh keys, messages and claims, appends what it made,
  // and returns the seconds that count, without preparation and conversion.
  std::function<absl::StatusOr<double>(Results& results)> run;
  // Adds figures of all slices so far. Empty if there are none to add.
  std::function<void(benchmark::UserCounters& counters)> add_counters = {};
};

// ThreadTimer measures the CPU time of the calling thread since it was made.
class ThreadTimer {
 public:
  double Seconds() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) +
           static_cast<double>(now.tv_nsec) * 1e-9;
  }

  double start_ = Now();
};

// Compare measures one repetition. `sides` take turns, a slice each; each round
// another side is first. Ratios are therefore of what was measured side by
// side, and hardly change when the machine is shared. Iterations are items of
// the first side, and its seconds are the manual time of `state`. For any other
// side NAME it adds the counters NAME_us, microseconds for one item, and
// vs_NAME, how many times as long as the first side's that is.
//
// All results are verified when the last round is done: to verify between
// rounds would change what is in the caches, in the libraries' favour. Fails
// with INTERNAL and the name of the side if one is wrong, and as a side does.
// One result of the side named `corrupt` is replaced by a wrong one before, so
// that a test can show that this is found.
absl::Status Compare(benchmark::State& state, dpop::Algorithm algorithm,
                     std::span<const Side> sides, const std::string& corrupt);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MICRO_COMPARISON_H_
