#include "bench/cost/measurement.h"

#include <sys/prctl.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bench/load/arrival_schedule.h"
#include "bench/load/clock.h"
#include "signer/base/clock.h"
#include "signer/base/status_macros.h"
#include "signer/base/thread.h"

namespace proofmint::cost {
namespace {

using load::MonotonicNow;
using load::SleepUntil;

class Run {
 public:
  Run(const Load& load, Way& way, size_t threads)
      : load_(load),
        way_(way),
        threads_(threads),
        start_(MonotonicNow()),
        measured_start_(start_ + absl::ToInt64Nanoseconds(load.warmup)),
        end_(measured_start_ + absl::ToInt64Nanoseconds(load.duration)),
        recorder_(measured_start_, end_) {}

  absl::StatusOr<Measurement> Measure(const CpuClock* signer);

 private:
  struct Moment {
    absl::Duration time;
    int64_t returned;
    absl::Duration broker_cpu;
    absl::Duration signer_cpu;
  };

  Moment TakeMoment(const CpuClock* signer) const {
    return {base::MonotonicNow(), recorder_.returned(), base::ProcessCpuTime(),
            signer == nullptr ? absl::ZeroDuration() : signer->Now()};
  }

  // Starts a thread for each of `threads_`, or the calls of a closed loop.
  absl::Status Start(std::vector<base::Thread>& threads);

  // The bodies of the threads.
  void MakeArrivals(size_t thread);
  void TakeTurns(size_t thread, size_t callers);

  // Makes the call that is due, and in a closed loop those that follow it.
  void Call(size_t thread, int64_t due);
  void CallAgainAndAgain(int64_t due);

  const Load& load_;
  Way& way_;
  const size_t threads_;
  const int64_t start_;
  const int64_t measured_start_;
  const int64_t end_;
  Recorder recorder_;
};

absl::Status Run::Start(std::vector<base::Thread>& threads) {
  const size_t callers = std::max(1, load_.in_flight / way_.proofs_per_call());
  if (load_.rate == 0 && !way_.in_process()) {
    for (size_t i = 0; i < callers; ++i) CallAgainAndAgain(MonotonicNow());
    return absl::OkStatus();
  }
  for (size_t i = 0; i < threads_; ++i) {
    const size_t its_callers = (callers + i) / threads_;
    PROOFMINT_ASSIGN_OR_RETURN(
        base::Thread thread,
        base::Thread::Start("cost-broker", [this, i, its_callers] {
          if (load_.rate > 0) {
            MakeArrivals(i);
          } else if (its_callers > 0) {
            TakeTurns(i, its_callers);
          }
        }));
    threads.push_back(std::move(thread));
  }
  return absl::OkStatus();
}

absl::StatusOr<Measurement> Run::Measure(const CpuClock* signer) {
  std::vector<base::Thread> threads;
  const absl::Status started = Start(threads);
  SleepUntil(measured_start_);
  const Moment first = TakeMoment(signer);
  SleepUntil(end_);
  const Moment last = TakeMoment(signer);
  threads.clear();
  recorder_.WaitUntilIdle();
  PROOFMINT_RETURN_IF_ERROR(started);
  Records records = recorder_.Take();
  const bool kept_up =
      load_.rate == 0 ||
      records.due - records.in_time <= std::max<int64_t>(10, records.due / 50);
  return Measurement{.time = last.time - first.time,
                     .returned = last.returned - first.returned,
                     .broker_cpu = last.broker_cpu - first.broker_cpu,
                     .signer_cpu = last.signer_cpu - first.signer_cpu,
                     .records = std::move(records),
                     .kept_up = kept_up};
}

void Run::MakeArrivals(size_t thread) {
  // By default the kernel may extend a sleep by 50 us.
  prctl(PR_SET_TIMERSLACK, 1);
  load::ArrivalSchedule schedule(
      start_,
      load_.rate / way_.proofs_per_call() / static_cast<double>(threads_),
      load_.seed * threads_ + thread);
  for (int64_t due = schedule.Next(); due < end_; due = schedule.Next()) {
    recorder_.RecordDue(due, way_.proofs_per_call());
    if (due > MonotonicNow()) SleepUntil(due);
    int64_t now = MonotonicNow();
    // What is due but cannot be sent before the end remains unsent.
    while (now < end_ && !recorder_.TrySend(kMaxInFlight)) {
      SleepUntil(now + load::kNanosecondsPerMillisecond);
      now = MonotonicNow();
    }
    if (now < end_) Call(thread, due);
  }
}

void Run::Call(size_t thread, int64_t due) {
  way_.Call(thread, [this, due](const absl::Status& status,
                                std::span<const MadeProof> proofs) {
    recorder_.RecordDone(due, MonotonicNow(), status, proofs);
  });
}

void Run::TakeTurns(size_t thread, size_t callers) {
  // When each caller's next call is due, which is when its last one was done.
  std::vector<int64_t> due(callers, start_);
  for (size_t i = 0; due[i] < end_ && MonotonicNow() < end_;
       i = i + 1 == callers ? 0 : i + 1) {
    recorder_.RecordDue(due[i], way_.proofs_per_call());
    recorder_.TrySend(kMaxInFlight);
    Call(thread, due[i]);
    due[i] = MonotonicNow();
  }
}

void Run::CallAgainAndAgain(int64_t due) {
  recorder_.RecordDue(due, way_.proofs_per_call());
  recorder_.TrySend(kMaxInFlight);
  way_.Call(0, [this, due](const absl::Status& status,
                           std::span<const MadeProof> proofs) {
    // The next call comes first: with none in flight the run may be over.
    const int64_t now = MonotonicNow();
    if (status.ok() && now < end_) CallAgainAndAgain(now);
    recorder_.RecordDone(due, now, status, proofs);
  });
}

}  // namespace

absl::StatusOr<Measurement> Measure(const Load& load, Way& way, size_t threads,
                                    const CpuClock* signer) {
  return Run(load, way, threads).Measure(signer);
}

}  // namespace proofmint::cost
