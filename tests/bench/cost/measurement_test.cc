#include "bench/cost/measurement.h"

#include <gmock/gmock.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "bench/load/arrival_schedule.h"
#include "bench/load/clock.h"
#include "signer/base/mutex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::IsOk;

constexpr int64_t kMs = load::kNanosecondsPerMillisecond;
constexpr MadeProof kProof = {.jwt = "proof", .jkt = "jkt", .iat = 1};

// A way whose calls end at once, on the calling thread, after `work`.
class InProcessFake : public Way {
 public:
  explicit InProcessFake(std::function<absl::Status()> work)
      : work_(std::move(work)) {}

  void Call(size_t thread, Done done) override {
    {
      base::MutexLock lock(mutex_);
      threads_.insert(thread);
    }
    ++calls_;
    const absl::Status status = work_();
    if (!status.ok()) return done(status, {});
    done(status, {&kProof, 1});
  }
  bool in_process() const override { return true; }

  std::set<size_t> threads() {
    base::MutexLock lock(mutex_);
    return threads_;
  }
  int calls() const { return calls_; }

 private:
  const std::function<absl::Status()> work_;
  std::atomic<int> calls_ = 0;
  base::Mutex mutex_;
  std::set<size_t> threads_ ABSL_GUARDED_BY(mutex_);
};

// A way that answers batches of four on a thread of its own, and only when
// `wanted` calls are in flight or it ends.
class RemoteFake : public Way {
 public:
  explicit RemoteFake(size_t wanted) : wanted_(wanted) {}
  ~RemoteFake() override {
    {
      base::MutexLock lock(mutex_);
      stop_ = true;
      changed_.NotifyAll();
    }
    thread_.join();
  }

  void Call(size_t, Done done) override {
    base::MutexLock lock(mutex_);
    waiting_.push_back(std::move(done));
    most_ = std::max(most_, waiting_.size());
    changed_.NotifyAll();
  }
  bool in_process() const override { return false; }
  int proofs_per_call() const override { return 4; }

  size_t most_in_flight() {
    base::MutexLock lock(mutex_);
    return most_;
  }

 private:
  void Run() {
    for (;;) {
      std::vector<Done> ready;
      {
        base::MutexLock lock(mutex_);
        // At the end of a run no more calls come.
        if (waiting_.size() < wanted_) {
          changed_.WaitFor(mutex_, absl::Milliseconds(20));
        }
        if (stop_ && waiting_.empty()) return;
        ready = std::exchange(waiting_, {});
      }
      const MadeProof proofs[] = {kProof, kProof, kProof, kProof};
      for (const Done& done : ready) done(absl::OkStatus(), proofs);
    }
  }

  const size_t wanted_;
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::vector<Done> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t most_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ = std::thread([this] { Run(); });
};

Load OpenLoop(double rate) {
  return {.rate = rate,
          .in_flight = 0,
          .warmup = absl::Milliseconds(20),
          .duration = absl::Milliseconds(300),
          .seed = 7};
}

Load ClosedLoop(int in_flight) {
  Load load = OpenLoop(0);
  load.in_flight = in_flight;
  return load;
}

// Returns how many calls are due in the measured time of `load`.
int64_t CallsDue(const Load& load, size_t threads) {
  const int64_t start = absl::ToInt64Nanoseconds(load.warmup);
  const int64_t end = start + absl::ToInt64Nanoseconds(load.duration);
  int64_t count = 0;
  for (size_t thread = 0; thread < threads; ++thread) {
    load::ArrivalSchedule schedule(0, load.rate / static_cast<double>(threads),
                                   load.seed * threads + thread);
    for (int64_t due = schedule.Next(); due < end; due = schedule.Next()) {
      if (due >= start) ++count;
    }
  }
  return count;
}

Measurement MeasureOrDie(const Load& load, Way& way, size_t threads,
                         const CpuClock* signer) {
  absl::StatusOr<Measurement> measured = Measure(load, way, threads, signer);
  EXPECT_THAT(measured, IsOk());
  return *std::move(measured);
}

TEST(MeasurementTest, AnOpenLoopHasTheArrivalsOfItsSeed) {
  InProcessFake way([] { return absl::OkStatus(); });
  const Load load = OpenLoop(500);
  const Measurement measured = MeasureOrDie(load, way, 2, nullptr);
  EXPECT_EQ(measured.records.due, CallsDue(load, 2));
  EXPECT_EQ(measured.records.failed, 0);
  EXPECT_GT(measured.broker_cpu, absl::ZeroDuration());
  EXPECT_EQ(measured.signer_cpu, absl::ZeroDuration());
  EXPECT_EQ(way.threads(), (std::set<size_t>{0, 1}));
}

TEST(MeasurementTest, LatencyCountsFromWhenTheCallWasDue) {
  // One call stalls for half of the time; those that are due meanwhile wait.
  std::atomic<bool> first = true;
  InProcessFake way([&] {
    if (first.exchange(false)) absl::SleepFor(absl::Milliseconds(150));
    return absl::OkStatus();
  });
  Load load = OpenLoop(500);
  load.warmup = absl::ZeroDuration();
  const Measurement measured = MeasureOrDie(load, way, 1, nullptr);
  EXPECT_GE(measured.records.latency.ValueAtPercentile(80), 50 * kMs);
}

TEST(MeasurementTest, ARateThatIsNotReachedIsReported) {
  InProcessFake way([] {
    absl::SleepFor(absl::Milliseconds(5));
    return absl::OkStatus();
  });
  const Load load = OpenLoop(1000);
  const Measurement measured = MeasureOrDie(load, way, 1, nullptr);
  EXPECT_FALSE(measured.kept_up);
  EXPECT_EQ(measured.records.due, CallsDue(load, 1));
  // What was due remained unsent when the time was over.
  EXPECT_LE(way.calls(), 320 / 5 + 1);
}

TEST(MeasurementTest, InProcessTheCallersOfAClosedLoopTakeTurns) {
  InProcessFake way([] {
    absl::SleepFor(absl::Milliseconds(1));
    return absl::OkStatus();
  });
  const Measurement measured = MeasureOrDie(ClosedLoop(20), way, 2, nullptr);
  EXPECT_EQ(way.threads(), (std::set<size_t>{0, 1}));
  EXPECT_TRUE(measured.kept_up);
  // Nine others of the thread come first.
  EXPECT_GE(measured.records.latency.ValueAtPercentile(50), 10 * kMs);
}

TEST(MeasurementTest, AClosedLoopKeepsItsProofsInFlight) {
  RemoteFake way(/*wanted=*/5);
  const Measurement measured = MeasureOrDie(ClosedLoop(20), way, 2, nullptr);
  EXPECT_EQ(way.most_in_flight(), 5u);
  EXPECT_GT(measured.returned, 0);
  EXPECT_EQ(measured.returned % 4, 0);
}

TEST(MeasurementTest, CpuTimeIsThatOfTheBrokerAndOfTheSigner) {
  InProcessFake way([] {
    timespec start;
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    do {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((now.tv_sec - start.tv_sec) * load::kNanosecondsPerSecond +
                 now.tv_nsec - start.tv_nsec <
             200'000);
    return absl::OkStatus();
  });
  const absl::StatusOr<CpuClock> signer = CpuClock::OfProcess(getpid());
  ASSERT_THAT(signer, IsOk());
  const Measurement measured = MeasureOrDie(OpenLoop(500), way, 2, &*signer);
  // But for the calls that run when it begins and ends.
  const absl::Duration least =
      (measured.returned - 2) * absl::Microseconds(200);
  EXPECT_GE(measured.broker_cpu, least);
  EXPECT_GE(measured.signer_cpu, least);
}

TEST(MeasurementTest, FailuresAreCounted) {
  InProcessFake way([] { return absl::InternalError("no entropy"); });
  const Measurement measured = MeasureOrDie(OpenLoop(500), way, 2, nullptr);
  EXPECT_EQ(measured.records.failed, way.calls());
  EXPECT_EQ(measured.records.first_failure, "INTERNAL: no entropy");
  EXPECT_EQ(measured.returned, 0);
}

}  // namespace
}  // namespace proofmint::cost
