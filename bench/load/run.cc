#include "bench/load/run.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "bench/load/clock.h"
#include "bench/load/engine.h"
#include "signer/base/clock.h"
#include "signer/base/status_macros.h"

namespace proofmint::load {
namespace {

constexpr double kKeepsUpShare = 0.98;
constexpr int64_t kKeepsUpP99 = 20 * kNanosecondsPerMillisecond;

// Holds the totals of work and CPU time at one moment.
struct Moment {
  int64_t answered;  // proofs
  absl::Duration client_cpu;
  std::optional<ServerSample> server;
};

// Holds the state of a run in progress.
class RunInProgress {
 public:
  RunInProgress(LoadTest& test, Engine& engine, double rate)
      : test_(test), engine_(engine) {
    result_.target_rate = rate;
  }

  RunResult Finish();

 private:
  // Empty without --metrics, and if the server cannot be read.
  std::optional<ServerSample> ReadServer();
  Moment TakeMoment();
  // Waits until the measured time is over. Returns false if interrupted.
  bool Measure();
  void ShowProgress(int64_t second);
  void Compare(const Moment& first, const Moment& last);

  LoadTest& test_;
  Engine& engine_;
  RunResult result_;
};

std::optional<ServerSample> RunInProgress::ReadServer() {
  if (test_.metrics == nullptr) return std::nullopt;
  absl::StatusOr<ServerSample> sample = test_.metrics->Read();
  if (!sample.ok()) return std::nullopt;
  const auto bytes = static_cast<int64_t>(sample->resident_bytes);
  if (!result_.server_memory.has_value()) {
    result_.server_memory = {bytes, bytes, bytes};
  }
  result_.server_memory->last = bytes;
  result_.server_memory->max = std::max(result_.server_memory->max, bytes);
  return *sample;
}

Moment RunInProgress::TakeMoment() {
  std::optional<ServerSample> server = ReadServer();
  return {engine_.recorder().answered(), base::ProcessCpuTime(), server};
}

bool RunInProgress::Measure() {
  const int64_t start = engine_.measured_start();
  for (int64_t second = 1;; ++second) {
    const int64_t next = start + second * kNanosecondsPerSecond;
    if (!test_.interrupt->WaitUntil(std::min(next, engine_.measured_end()))) {
      return false;
    }
    ShowProgress(second);
    if (next >= engine_.measured_end()) return true;
    std::optional<ServerSample> server = ReadServer();
    result_.resident_bytes.resize(second);
    if (server.has_value()) {
      result_.resident_bytes.back() =
          static_cast<int64_t>(server->resident_bytes);
    }
  }
}

void RunInProgress::ShowProgress(int64_t second) {
  Progress progress = engine_.recorder().ProgressAt(MonotonicNow());
  std::cerr << absl::StreamFormat(
      "%4d s %10.0f proofs/s   p99 %9.3f ms   errors %d\n", second,
      progress.ok_rate,
      static_cast<double>(progress.p99) / kNanosecondsPerMillisecond,
      progress.errors);
}

void RunInProgress::Compare(const Moment& first, const Moment& last) {
  const double proofs = static_cast<double>(last.answered - first.answered);
  if (proofs == 0) return;
  result_.client_cpu_us_per_proof =
      absl::ToDoubleMicroseconds(last.client_cpu - first.client_cpu) / proofs;
  if (!first.server.has_value() || !last.server.has_value()) return;
  result_.server_cpu_us_per_proof =
      (last.server->cpu_seconds - first.server->cpu_seconds) * 1e6 / proofs;
}

RunResult RunInProgress::Finish() {
  bool completed = test_.interrupt->WaitUntil(engine_.measured_start());
  const Moment first = TakeMoment();
  completed = completed && Measure();
  if (!completed) engine_.Stop();
  const Moment last = TakeMoment();
  Compare(first, last);
  engine_.Wait();
  result_.seconds =
      static_cast<double>(engine_.measured_end() - engine_.measured_start()) /
      kNanosecondsPerSecond;
  result_.interrupted = !completed;
  result_.measured = engine_.recorder().Take();
  result_.verified = test_.verifier->Finish();
  return std::move(result_);
}

}  // namespace

double RunResult::achieved_rate() const {
  return seconds == 0 ? 0 : static_cast<double>(measured.ok_in_time) / seconds;
}

bool RunResult::keeps_up() const {
  const double due = static_cast<double>(measured.sent + measured.not_sent);
  return static_cast<double>(measured.ok_in_time) >= kKeepsUpShare * due &&
         measured.ok > 0 && measured.errors.empty() &&
         measured.corrected.ValueAtPercentile(99) <= kKeepsUpP99;
}

absl::StatusOr<RunResult> Run(LoadTest& test, double rate) {
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<Engine> engine,
      Engine::Start(*test.options, rate, test.channels, *test.verifier));
  return RunInProgress(test, *engine, rate).Finish();
}

const RunResult* SweepResult::knee() const {
  const RunResult* knee = nullptr;
  for (const RunResult& step : steps) {
    if (!step.keeps_up()) break;
    knee = &step;
  }
  return knee;
}

absl::StatusOr<SweepResult> RunSweep(LoadTest& test, const Sweep& sweep) {
  SweepResult result;
  for (int i = 0; i < sweep.steps && !test.interrupt->interrupted(); ++i) {
    std::cerr << absl::StreamFormat("step %d of %d: %.0f proofs/s\n", i + 1,
                                    sweep.steps, sweep.Rate(i));
    PROOFMINT_ASSIGN_OR_RETURN(RunResult step, Run(test, sweep.Rate(i)));
    result.steps.push_back(std::move(step));
  }
  return result;
}

}  // namespace proofmint::load
