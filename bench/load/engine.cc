#include "bench/load/engine.h"

#include <grpc/support/time.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "bench/load/clock.h"
#include "signer/base/status_macros.h"

namespace proofmint::load {
namespace {

constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

// The pacer wakes at least this often to check whether to stop.
constexpr int64_t kLongestSleep = 50 * kNanosecondsPerMillisecond;

gpr_timespec ToGprTime(int64_t time) {
  gpr_timespec result = gpr_time_from_nanos(time, GPR_TIMESPAN);
  result.clock_type = GPR_CLOCK_MONOTONIC;
  return result;
}

}  // namespace

Engine::Engine(const Options& options, double rate,
               const std::vector<std::shared_ptr<grpc::Channel>>& channels,
               Verifier& verifier)
    : options_(options),
      rate_(rate),
      timeout_(absl::ToInt64Nanoseconds(options.timeout)),
      method_(MethodName(options.batch)),
      start_(MonotonicNow()),
      measured_start_(start_ + absl::ToInt64Nanoseconds(options.warmup)),
      measured_end_(measured_start_ +
                    absl::ToInt64Nanoseconds(options.duration)),
      recorder_(options.batch, measured_start_, measured_end_),
      verifier_(verifier),
      calls_(options.concurrency),
      requests_(options),
      next_arrival_(INT64_MAX),
      pacing_(rate > 0),
      response_reader_(options.batch),
      random_(static_cast<uint32_t>(options.seed)) {
  for (const std::shared_ptr<grpc::Channel>& channel : channels) {
    stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
  }
  for (Call& call : calls_) free_calls_.push_back(&call);
  if (rate_ > 0) {
    schedule_.emplace(start_, rate_ / options_.batch, options_.seed);
    next_arrival_ = schedule_->Next();
  }
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Start(
    const Options& options, double rate,
    const std::vector<std::shared_ptr<grpc::Channel>>& channels,
    Verifier& verifier) {
  std::unique_ptr<Engine> engine(new Engine(options, rate, channels, verifier));
  PROOFMINT_RETURN_IF_ERROR(engine->StartThreads());
  return engine;
}

absl::Status Engine::StartThreads() {
  PROOFMINT_ASSIGN_OR_RETURN(
      poller_, base::Thread::Start("load-poller", [this] { Poll(); }));
  if (rate_ == 0) {
    SendAll();
    return absl::OkStatus();
  }
  absl::StatusOr<base::Thread> pacer =
      base::Thread::Start("load-pacer", [this] { Pace(); });
  if (!pacer.ok()) {
    base::MutexLock lock(mutex_);
    pacing_ = false;
    ShutDownIfDone();  // ends the poller
    return pacer.status();
  }
  pacer_ = *std::move(pacer);
  return absl::OkStatus();
}

void Engine::SendAll() {
  std::vector<Call*> first;
  {
    base::MutexLock lock(mutex_);
    first = std::exchange(free_calls_, {});
    for (Call* call : first) Prepare(*call, MonotonicNow());
  }
  for (Call* call : first) Send(*call);
}

Engine::~Engine() {
  Stop();
  Wait();
}

void Engine::Stop() {
  const int64_t now = MonotonicNow();
  if (now >= measured_end_) return;
  measured_end_ = std::max(now, measured_start_);
  recorder_.EndAt(measured_end_);
}

void Engine::Wait() {
  pacer_.Join();
  poller_.Join();
}

void Engine::Pace() {
  // By default the kernel may extend a sleep by 50 us.
  prctl(PR_SET_TIMERSLACK, 1);
  for (;;) {
    Call* call = nullptr;
    int64_t wake_up;
    {
      base::MutexLock lock(mutex_);
      while (free_calls_.empty()) call_is_free_.Wait(mutex_);
      if (ArrivalsAreOver()) break;
      const int64_t now = MonotonicNow();
      wake_up = std::min(next_arrival_, now + kLongestSleep);
      if (std::optional<int64_t> due = TakeArrival(now)) {
        call = free_calls_.back();
        free_calls_.pop_back();
        Prepare(*call, *due);
      }
    }
    if (call != nullptr) {
      Send(*call);
    } else {
      SleepUntil(wake_up);
    }
  }
  base::MutexLock lock(mutex_);
  pacing_ = false;
  ShutDownIfDone();
}

std::optional<int64_t> Engine::TakeArrival(int64_t now) {
  if (next_arrival_ > now || ArrivalsAreOver()) return std::nullopt;
  return std::exchange(next_arrival_, schedule_->Next());
}

void Engine::Prepare(Call& call, int64_t due) {
  call.due = due;
  call.sent = 0;
  call.attempts = 0;
  call.request = &requests_.Next();
  call.stub = stubs_[next_stub_].get();
  next_stub_ = (next_stub_ + 1) % stubs_.size();
}

void Engine::Send(Call& call) {
  const int64_t now = MonotonicNow();
  if (++call.attempts == 1) call.sent = now;
  call.reader.reset();  // the context owns its memory
  call.context.emplace();
  call.context->set_deadline(
      ToGprTime(std::min(now + timeout_, last_moment())));
  call.reader = call.stub->PrepareUnaryCall(
      &*call.context, method_, call.request->bytes, &completion_queue_);
  call.reader->StartCall();
  call.reader->Finish(&call.response, &call.status, &call);
}

void Engine::Poll() {
  void* tag;
  bool ok;
  while (completion_queue_.Next(&tag, &ok)) {
    Call& call = *static_cast<Call*>(tag);
    if (call.pause.has_value()) {
      call.pause.reset();
      Send(call);
    } else {
      OnAnswer(call);
    }
  }
}

void Engine::OnAnswer(Call& call) {
  const int64_t now = MonotonicNow();
  CallResult result;
  if (call.status.ok()) {
    result = ReadProofs(call);
  } else {
    const double jitter = std::uniform_real_distribution(0.5, 1.5)(random_);
    Failure failure = DescribeFailure(call.status, kRetryDelay * jitter);
    if (failure.retry_delay.has_value() &&
        SendAgainLater(call, *failure.retry_delay, now)) {
      return;
    }
    result.errors.push_back({std::move(failure.reason), options_.batch});
  }
  recorder_.RecordCall({call.due, call.sent, now}, result);
  OnFree(call);
}

CallResult Engine::ReadProofs(Call& call) {
  const bool sampling = call.due >= measured_start_ && options_.verify > 0;
  std::uniform_real_distribution<double> uniform;
  return response_reader_.Read(
      call.response, [&](int place, const v1::SignProofResponse& proof) {
        if (sampling && uniform(random_) < options_.verify) {
          verifier_.Add(call.request->algorithms[place], proof);
        }
      });
}

bool Engine::SendAgainLater(Call& call, absl::Duration delay, int64_t now) {
  const int64_t time = now + absl::ToInt64Nanoseconds(delay);
  if (call.attempts >= options_.max_attempts || time >= last_moment()) {
    return false;
  }
  recorder_.RecordRetry(call.due);
  call.pause.emplace();
  call.pause->Set(&completion_queue_, ToGprTime(time), &call);
  return true;
}

void Engine::OnFree(Call& call) {
  {
    base::MutexLock lock(mutex_);
    const int64_t now = MonotonicNow();
    if (now >= last_moment()) GiveUpArrivals(now);
    if (std::optional<int64_t> due = TakeArrival(now)) {
      Prepare(call, *due);
    } else if (rate_ == 0 && now < measured_end_) {
      Prepare(call, now);
    } else {
      free_calls_.push_back(&call);
      call_is_free_.NotifyAll();
      ShutDownIfDone();
      return;
    }
  }
  Send(call);
}

void Engine::GiveUpArrivals(int64_t now) {
  while (std::optional<int64_t> due = TakeArrival(now)) {
    recorder_.RecordNotSent(*due, now);
  }
}

void Engine::ShutDownIfDone() {
  if (!pacing_ && free_calls_.size() == calls_.size()) {
    completion_queue_.Shutdown();
  }
}

}  // namespace proofmint::load
