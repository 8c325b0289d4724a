// Counts and times the calls of a run.

#ifndef PROOFMINT_BENCH_LOAD_RECORDER_H_
#define PROOFMINT_BENCH_LOAD_RECORDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bench/load/histogram.h"
#include "bench/load/response_reader.h"
#include "signer/base/mutex.h"

namespace proofmint::load {

// A call sent later than this after it was due is a late send.
inline constexpr int64_t kLateAfter = 1'000'000;  // nanoseconds

// The reason under which arrivals are counted that were never sent, because the
// calls before them were still in flight when the run was over.
inline constexpr char kNotSent[] = "NOT_SENT";

// CallTimes are the times of a call, on the clock of MonotonicNow.
struct CallTimes {
  int64_t due;   // when the schedule had the call due
  int64_t sent;  // when it was first sent
  int64_t done;  // when its last response had arrived
};

// TimelineSecond is one second of the measured time. `sent` counts the calls
// that were sent in it; the rest is about the calls that were done in it.
struct TimelineSecond {
  int64_t sent = 0;  // these three in proofs
  int64_t ok = 0;
  int64_t errors = 0;
  int64_t p50 = 0;  // corrected latency in nanoseconds
  int64_t p99 = 0;
};

// Measurements cover the calls that were due within the measured time. Counts
// are in proofs; latencies are per call, including failed ones.
struct Measurements {
  int64_t sent = 0;
  int64_t ok = 0;
  int64_t not_sent = 0;
  int64_t late_sends = 0;
  int64_t retries = 0;
  int64_t wrong = 0;  // those of the errors that break the contract
  std::map<std::string, int64_t> errors;
  Histogram corrected;    // from `due`
  Histogram uncorrected;  // from `sent`
  std::vector<TimelineSecond> timeline;
  // Proofs returned within the measured time, whenever they were due.
  int64_t ok_in_time = 0;

  int64_t error_count() const;
};

// Progress is what the progress line on the terminal shows.
struct Progress {
  double ok_rate = 0;  // proofs/s over the last complete second
  int64_t p99 = 0;     // of that second, corrected, in nanoseconds
  int64_t errors = 0;  // proofs so far
};

// Recorder keeps what belongs to the measured time of all that the engine
// reports. Thread-safe; calls must be recorded in the order of their `done`.
class Recorder {
 public:
  // The measured time is from `start` to `end`, on the clock of MonotonicNow.
  Recorder(int batch, int64_t start, int64_t end);

  // Ends the measured time earlier than planned.
  void EndAt(int64_t end);

  void RecordCall(const CallTimes& times, const CallResult& result);
  // Records that a call due at `due` was abandoned unsent at `now`. Its wait
  // counts in the corrected latency.
  void RecordNotSent(int64_t due, int64_t now);
  // Records that a call due at `due` is sent again.
  void RecordRetry(int64_t due);

  // Returns the number of proofs answered so far, including the warm-up.
  int64_t answered() const;
  Progress ProgressAt(int64_t now);
  Measurements Take();

 private:
  bool IsMeasured(int64_t time) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return time >= start_ && time < end_;
  }
  // Returns the second of the timeline that contains `time`, which must be in
  // the measured time.
  TimelineSecond& SecondOf(int64_t time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Closes the seconds before `now`.
  void AdvanceTo(int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseSecond() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int batch_;
  const int64_t start_;
  mutable base::Mutex mutex_;
  int64_t end_ ABSL_GUARDED_BY(mutex_);
  Measurements measured_ ABSL_GUARDED_BY(mutex_);
  int64_t answered_ ABSL_GUARDED_BY(mutex_) = 0;
  // The corrected latencies of the current second, and its number.
  Histogram second_latencies_ ABSL_GUARDED_BY(mutex_);
  int64_t second_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_RECORDER_H_
