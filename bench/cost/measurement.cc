#include "bench/cost/measurement.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "bench/load/arrival_schedule.h"
#include "bench/load/clock.h"

namespace proofmint::cost {
namespace {

using load::MonotonicNow;

void SleepUntil(int64_t time) {
  const timespec until = load::ToTimespec(time);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) ==
         EINTR) {
  }
}

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

  Measurement Measure(const CpuClock* signer);

 private:
  struct Moment {
    int64_t time;
    int64_t returned;
    int64_t broker_cpu;
    int64_t signer_cpu;
  };

  static Moment MomentOf(const Recorder& recorder, const CpuClock* signer) {
    return {MonotonicNow(), recorder.returned(),
            CpuClock::OfThisProcess().Now(),
            signer == nullptr ? 0 : signer->Now()};
  }

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

Measurement Run::Measure(const CpuClock* signer) {
  std::vector<std::thread> threads;
  const size_t callers = std::max(1, load_.in_flight / way_.proofs_per_call());
  if (load_.rate > 0) {
    for (size_t i = 0; i < threads_; ++i) {
      threads.emplace_back([this, i] { MakeArrivals(i); });
    }
  } else if (way_.in_process()) {
    for (size_t i = 0; i < threads_; ++i) {
      const size_t its_callers = (callers + i) / threads_;
      if (its_callers == 0) continue;
      threads.emplace_back(
          [this, i, its_callers] { TakeTurns(i, its_callers); });
    }
  } else {
    for (size_t i = 0; i < callers; ++i) CallAgainAndAgain(MonotonicNow());
  }
  SleepUntil(measured_start_);
  const Moment first = MomentOf(recorder_, signer);
  SleepUntil(end_);
  const Moment last = MomentOf(recorder_, signer);
  for (std::thread& thread : threads) thread.join();
  recorder_.WaitUntilIdle();
  Records records = recorder_.Take();
  const bool kept_up =
      load_.rate == 0 ||
      records.due - records.in_time <= std::max<int64_t>(10, records.due / 50);
  return {.seconds = static_cast<double>(last.time - first.time) /
                     load::kNanosecondsPerSecond,
          .returned = last.returned - first.returned,
          .broker_cpu = last.broker_cpu - first.broker_cpu,
          .signer_cpu = last.signer_cpu - first.signer_cpu,
          .records = std::move(records),
          .kept_up = kept_up};
}

void Run::MakeArrivals(size_t thread) {
  prctl(PR_SET_NAME, "cost-broker");
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
  prctl(PR_SET_NAME, "cost-broker");
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

Measurement Measure(const Load& load, Way& way, size_t threads,
                    const CpuClock* signer) {
  return Run(load, way, threads).Measure(signer);
}

}  // namespace proofmint::cost
