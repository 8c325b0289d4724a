#include "bench/load/recorder.h"

#include <algorithm>
#include <utility>

#include "bench/load/clock.h"

namespace proofmint::load {

int64_t Measurements::error_count() const {
  int64_t total = 0;
  for (const auto& [reason, count] : errors) total += count;
  return total;
}

Recorder::Recorder(int batch, int64_t start, int64_t end)
    : batch_(batch), start_(start), end_(end) {}

void Recorder::EndAt(int64_t end) {
  base::MutexLock lock(mutex_);
  end_ = std::clamp(end, start_, end_);
}

TimelineSecond& Recorder::SecondOf(int64_t time) {
  const size_t second = (time - start_) / kNanosecondsPerSecond;
  if (measured_.timeline.size() <= second) {
    measured_.timeline.resize(second + 1);
  }
  return measured_.timeline[second];
}

void Recorder::CloseSecond() {
  if (second_latencies_.count() != 0) {
    TimelineSecond& second = SecondOf(start_ + second_ * kNanosecondsPerSecond);
    second.p50 = second_latencies_.ValueAtPercentile(50);
    second.p99 = second_latencies_.ValueAtPercentile(99);
    second_latencies_.Clear();
  }
}

void Recorder::AdvanceTo(int64_t now) {
  const int64_t second = (now - start_) / kNanosecondsPerSecond;
  if (now < start_ || second <= second_) return;
  CloseSecond();
  second_ = second;
}

void Recorder::RecordCall(const CallTimes& times, const CallResult& result) {
  base::MutexLock lock(mutex_);
  AdvanceTo(times.done);
  answered_ += result.ok;
  if (IsMeasured(times.done)) measured_.ok_in_time += result.ok;
  if (!IsMeasured(times.due)) return;

  measured_.sent += batch_;
  measured_.ok += result.ok;
  measured_.wrong += result.wrong;
  for (const ErrorCount& error : result.errors) {
    measured_.errors[error.reason] += error.proofs;
  }
  if (times.sent - times.due > kLateAfter) measured_.late_sends += batch_;
  measured_.corrected.Record(times.done - times.due);
  measured_.uncorrected.Record(times.done - times.sent);
  if (IsMeasured(times.sent)) SecondOf(times.sent).sent += batch_;
  if (IsMeasured(times.done)) {
    TimelineSecond& second = SecondOf(times.done);
    second.ok += result.ok;
    second.errors += batch_ - result.ok;
    second_latencies_.Record(times.done - times.due);
  }
}

void Recorder::RecordNotSent(int64_t due, int64_t now) {
  base::MutexLock lock(mutex_);
  if (!IsMeasured(due)) return;
  measured_.not_sent += batch_;
  measured_.errors[kNotSent] += batch_;
  measured_.corrected.Record(now - due);
}

void Recorder::RecordRetry(int64_t due) {
  base::MutexLock lock(mutex_);
  if (IsMeasured(due)) measured_.retries += batch_;
}

int64_t Recorder::answered() const {
  base::MutexLock lock(mutex_);
  return answered_;
}

Progress Recorder::ProgressAt(int64_t now) {
  base::MutexLock lock(mutex_);
  AdvanceTo(now);
  Progress progress;
  progress.errors = measured_.error_count();
  if (second_ > 0 && measured_.timeline.size() >= size_t(second_)) {
    const TimelineSecond& last = measured_.timeline[second_ - 1];
    progress.ok_rate = static_cast<double>(last.ok);
    progress.p99 = last.p99;
  }
  return progress;
}

Measurements Recorder::Take() {
  base::MutexLock lock(mutex_);
  CloseSecond();
  return std::move(measured_);
}

}  // namespace proofmint::load
