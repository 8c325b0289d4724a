// Runs load at one rate, or a sweep of rates, and measures it.

#ifndef PROOFMINT_BENCH_LOAD_RUN_H_
#define PROOFMINT_BENCH_LOAD_RUN_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/interrupt.h"
#include "bench/load/options.h"
#include "bench/load/recorder.h"
#include "bench/load/server_metrics.h"
#include "bench/load/verifier.h"

namespace proofmint::load {

// MemoryRange is a server's resident memory in bytes: at the first reading, at
// the last one, and at most.
struct MemoryRange {
  int64_t first;
  int64_t last;
  int64_t max;
};

// RunResult is what one run measured.
struct RunResult {
  double target_rate = 0;  // proofs/s; 0 is a closed loop
  double seconds = 0;      // measured; shorter than requested if interrupted
  bool interrupted = false;
  Measurements measured;
  Verifier::Counts verified;
  // CPU time over the measured time for each proof that was answered in it;
  // empty without proofs or metrics.
  std::optional<double> client_cpu_us_per_proof;
  std::optional<double> server_cpu_us_per_proof;
  std::optional<MemoryRange> server_memory;
  // The server's memory at the end of each second; empty where it was
  // not read.
  std::vector<std::optional<int64_t>> resident_bytes;

  double achieved_rate() const;  // proofs/s

  // Returns whether the server keeps up with the rate: it answered in time at
  // least 98 % of the proofs that were due (which are target_rate a second on
  // average only), without an error, and the corrected p99 is at most 20 ms.
  bool keeps_up() const;

  // Returns whether all verified proofs are right.
  bool correct() const { return verified.failures == 0 && measured.wrong == 0; }
};

// LoadTest is what the runs of one program share. The pointers are not owned;
// `metrics` is null without --metrics.
struct LoadTest {
  const Options* options;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  Verifier* verifier;
  MetricsReader* metrics;
  Interrupt* interrupt;
};

// Run puts a load of `rate` proofs/s, or a closed loop if that is 0, on the
// servers, and prints its progress to standard error once a second. Fails if
// the threads of the load cannot be started.
absl::StatusOr<RunResult> Run(LoadTest& test, double rate);

// SweepResult has the steps in the order of their rates; if it was
// interrupted, fewer than requested, but at least one.
struct SweepResult {
  std::vector<RunResult> steps;

  // The last step before the first one that does not keep up; null if that is
  // the first step of all.
  const RunResult* knee() const;
};

// RunSweep calls Run for each rate of `sweep`, and fails as it does.
absl::StatusOr<SweepResult> RunSweep(LoadTest& test, const Sweep& sweep);

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_RUN_H_
