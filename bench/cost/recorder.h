// Counts and times the calls of one measurement.

#ifndef PROOFMINT_BENCH_COST_RECORDER_H_
#define PROOFMINT_BENCH_COST_RECORDER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "bench/cost/way.h"
#include "bench/load/histogram.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/mutex.h"

namespace proofmint::cost {

// Records are about the calls that were due within the measured time. Numbers
// are in proofs, latencies those of calls that returned their proofs, in
// nanoseconds from when they were due.
struct Records {
  int64_t due = 0;
  int64_t in_time = 0;  // of these, returned before the measured time was over
  int64_t failed = 0;   // including those of the warm-up
  std::string first_failure;
  load::Histogram latency;
  std::vector<v1::SignProofResponse> sample;  // to be verified afterwards
};

// Recorder is thread-safe. Times are on the clock of load::MonotonicNow.
class Recorder {
 public:
  // The sample has at most so many proofs, and at least half of that if there
  // are enough, evenly spaced.
  static constexpr size_t kSampleSize = 1000;

  // The measured time is from `start` to `end`.
  Recorder(int64_t start, int64_t end);

  // Records that a call is due that will get `proofs`, sent or not.
  void RecordDue(int64_t due, int proofs);

  // Records that a call is sent. With `limit` calls in flight it is not, and
  // TrySend returns false.
  bool TrySend(int limit);

  // Records that a call that was sent ended at `done`, as Way::Done reports it.
  void RecordDone(int64_t due, int64_t done, const absl::Status& status,
                  std::span<const MadeProof> proofs);

  // Waits until no call is in flight.
  void WaitUntilIdle();

  // Returns the number of proofs that have been returned so far, whenever their
  // calls were due.
  int64_t returned() const;

  // Returns the records; to be called when idle, and once.
  Records Take();

 private:
  bool IsMeasured(int64_t due) const { return due >= start_ && due < end_; }
  void Sample(std::span<const MadeProof> proofs)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t start_;
  const int64_t end_;
  mutable base::Mutex mutex_;
  base::ConditionVariable idle_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t returned_ ABSL_GUARDED_BY(mutex_) = 0;
  // One of so many proofs goes into the sample.
  int64_t sample_every_ ABSL_GUARDED_BY(mutex_) = 1;
  Records records_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_RECORDER_H_
