// Measures what the proofs of one way cost at one load.

#ifndef PROOFMINT_BENCH_COST_MEASUREMENT_H_
#define PROOFMINT_BENCH_COST_MEASUREMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/cost/cpu_clock.h"
#include "bench/cost/recorder.h"
#include "bench/cost/way.h"

namespace proofmint::cost {

// The number of calls that a broker has in flight at most; the calls of an open
// loop that are due meanwhile wait.
inline constexpr int kMaxInFlight = 2048;

// Load describes either an open loop, by its rate, or a closed loop, by the
// number of proofs in flight.
struct Load {
  double rate = 0;    // proofs/s; 0 for a closed loop
  int in_flight = 0;  // proofs; at least one call's
  absl::Duration warmup;
  absl::Duration duration;  // of the measured time
  uint64_t seed = 1;        // of the arrivals
};

// Measurement is what Measure found. CPU time and the proofs that it was spent
// for are those of the same measured time.
struct Measurement {
  absl::Duration time;
  int64_t returned = 0;  // proofs
  absl::Duration broker_cpu;
  absl::Duration signer_cpu;  // zero without a signer
  Records records;
  // Whether the proofs of an open loop were returned as fast as they were due:
  // when the measured time was over, at most 2 % of them, or 10, were missing.
  bool kept_up = true;
};

// Measure puts `load` on `way` with `threads` threads, and waits until all
// calls are done. In an open loop each thread has its own Poisson arrivals with
// an equal part of the rate; it sleeps until the next one is due, and makes
// that call. In a closed loop each call that is done is followed by the next:
// by the thread that it was done on, or, in process, by the same of the
// `threads`, where the callers of each take turns. `signer` is null without a
// signer.
//
// The arrivals end with the measured time. So Measure takes that, the warm-up,
// and no longer than kTimeout in addition. Fails with RESOURCE_EXHAUSTED if the
// system has no threads to give.
absl::StatusOr<Measurement> Measure(const Load& load, Way& way, size_t threads,
                                    const CpuClock* signer);

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_MEASUREMENT_H_
