#include "signer/client/coalescer.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "signer/base/clock.h"
#include "signer/base/status_macros.h"
#include "signer/client/proof_messages.h"

namespace proofmint::client {
namespace {

// Deadlines are looked for at most this often, because all calls are looked at.
constexpr absl::Duration kDeadlineInterval = absl::Milliseconds(5);

absl::Status DeadlineError() {
  return absl::DeadlineExceededError("signer: no proof before the deadline");
}

absl::Status DestroyedError() {
  return absl::CancelledError("signer client: destroyed");
}

// Returns the name under which a failure is counted.
std::string FailureName(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coalescer>> Coalescer::Start(
    const CoalescerOptions& options,
    std::unique_ptr<BatchTransport> transport) {
  std::unique_ptr<Coalescer> coalescer(
      new Coalescer(options, std::move(transport)));
  PROOFMINT_ASSIGN_OR_RETURN(
      coalescer->dispatcher_,
      base::Thread::Start("signer-dispatch", [coalescer = coalescer.get()] {
        coalescer->Dispatch();
      }));
  return coalescer;
}

Coalescer::Coalescer(const CoalescerOptions& options,
                     std::unique_ptr<BatchTransport> transport)
    : options_(options),
      transport_(std::move(transport)),
      retries_(options.retry),
      pacing_(options.max_batch_delay) {}

Coalescer::~Coalescer() {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    const absl::Duration now = base::MonotonicNow();
    while (std::unique_ptr<Call> call =
               retries_.PopDue(absl::InfiniteDuration())) {
      queue_.push_back(std::move(call));
    }
    for (auto& call : queue_) TakeEnded(*call, DestroyedError(), now, ended);
    queue_.clear();
  }
  for (auto& [done, error] : ended) done(std::move(error));
  dispatcher_.Join();
  transport_->CancelAll();
  {
    base::MutexLock lock(mutex_);
    while (!in_flight_.empty()) wake_.Wait(mutex_);
  }
  transport_.reset();  // waits for the last callbacks, which use this object
}

void Coalescer::Add(ProofRequest request, absl::Duration timeout,
                    ProofSource::Callback done) {
  auto call = std::make_unique<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  absl::Status refusal = timeout > absl::ZeroDuration()
                             ? CheckRequest(call->request)
                             : DeadlineError();
  const absl::Duration now = base::MonotonicNow();
  mutex_.Lock();
  ++stats_.calls;
  if (stopping_) {
    refusal = DestroyedError();
  } else if (queue_.size() + retries_.size() >= options_.max_queued) {
    refusal = absl::ResourceExhaustedError(
        absl::StrCat("signer client: ", options_.max_queued,
                     " calls wait already (max_queued)"));
  }
  if (!refusal.ok()) {
    ++stats_.failures[FailureName(refusal)];
    mutex_.Unlock();
    call->done(std::move(refusal));
    return;
  }
  call->begin = now;
  call->deadline = now + timeout;
  next_deadline_ = std::min(next_deadline_, call->deadline);
  WakeDispatcherAt(next_deadline_);
  queue_.push_back(std::move(call));
  pacing_.RecordArrival(now);
  Batch* batch = TakeBatchIfDue(now);
  mutex_.Unlock();
  if (batch != nullptr) Send(batch, now);
}

SignerClientStats Coalescer::stats() const {
  base::MutexLock lock(mutex_);
  SignerClientStats stats = stats_;
  stats.queued = queue_.size() + retries_.size();
  stats.batches_in_flight = in_flight_.size();
  return stats;
}

void Coalescer::Dispatch() {
  Ended ended;
  mutex_.Lock();
  while (!stopping_) {
    const absl::Duration now = base::MonotonicNow();
    dispatcher_wakes_ = absl::ZeroDuration();
    while (std::unique_ptr<Call> call = retries_.PopDue(now)) {
      next_deadline_ = std::min(next_deadline_, call->deadline);
      queue_.push_back(std::move(call));
    }
    TakeExpired(now, ended);
    Batch* batch = TakeBatchIfDue(now);
    if (batch != nullptr || !ended.empty()) {
      mutex_.Unlock();
      if (batch != nullptr) Send(batch, now);
      for (auto& [done, error] : ended) done(std::move(error));
      ended.clear();
      mutex_.Lock();
      continue;
    }
    // After a batch, it looks again when the next is due although the queue is
    // still empty, so that the calls that fill it need not wake this thread.
    dispatcher_wakes_ = std::min(next_deadline_, retries_.next_due());
    const absl::Duration next_send = std::max(next_batch_, hold_);
    if (next_send > now) {
      dispatcher_wakes_ = std::min(dispatcher_wakes_, next_send);
    }
    if (dispatcher_wakes_ == absl::InfiniteDuration()) {
      wake_.Wait(mutex_);
    } else {
      wake_.WaitFor(mutex_, dispatcher_wakes_ - now);
    }
  }
  mutex_.Unlock();
}

void Coalescer::WakeDispatcherAt(absl::Duration time) {
  if (time >= dispatcher_wakes_) return;
  dispatcher_wakes_ = time;
  wake_.NotifyAll();
}

Coalescer::Batch* Coalescer::TakeBatchIfDue(absl::Duration now) {
  if (stopping_ || queue_.empty() ||
      in_flight_.size() >= options_.max_batches_in_flight) {
    return nullptr;
  }
  const bool worth_sending =
      queue_.size() >=
      std::min(BatchPacing::kWorthSending, options_.max_batch_size);
  const absl::Duration due =
      worth_sending ? hold_ : std::max(next_batch_, hold_);
  if (now < due) {
    WakeDispatcherAt(due);
    return nullptr;
  }
  if (idle_batches_.empty()) idle_batches_.push_back(std::make_unique<Batch>());
  Batch* batch = idle_batches_.back().release();
  idle_batches_.pop_back();
  while (!queue_.empty() && batch->calls.size() < options_.max_batch_size) {
    batch->calls.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  in_flight_.push_back(batch);
  next_batch_ = now + pacing_.Delay();
  ++stats_.batches;
  stats_.batch_sizes.Add(batch->calls.size());
  return batch;
}

void Coalescer::Send(Batch* batch, absl::Duration now) {
  absl::Duration deadline;
  batch->request.Clear();
  for (const std::unique_ptr<Call>& call : batch->calls) {
    deadline = std::max(deadline, call->deadline);
    ToProto(call->request, *batch->request.add_requests());
  }
  transport_->Send(batch->request, deadline - now,
                   [this, batch](const absl::Status& status,
                                 v1::BatchSignProofsResponse& response) {
                     Receive(batch, status, response);
                   });
}

void Coalescer::Receive(Batch* batch, const absl::Status& status,
                        v1::BatchSignProofsResponse& response) {
  const absl::Duration now = base::MonotonicNow();
  batch->results = TakeResults(status, response, batch->calls.size());
  Batch* next = nullptr;
  {
    base::MutexLock lock(mutex_);
    in_flight_.erase(std::find(in_flight_.begin(), in_flight_.end(), batch));
    // Now the calls of the batch belong to this thread alone.
    CountAndRetry(*batch, status, now);
    next = TakeBatchIfDue(now);
    if (stopping_ && in_flight_.empty()) wake_.NotifyAll();
  }
  if (next != nullptr) Send(next, now);
  for (size_t i = 0; i < batch->calls.size(); ++i) {
    Call* call = batch->calls[i].get();
    if (call == nullptr || !call->done) continue;
    call->done(std::move(batch->results[i]));
  }
  batch->calls.clear();
  batch->results.clear();
  {
    base::MutexLock lock(mutex_);
    idle_batches_.emplace_back(batch);
    // Callbacks may have made calls.
    next = TakeBatchIfDue(now);
  }
  if (next != nullptr) Send(next, now);
}

void Coalescer::CountAndRetry(Batch& batch, const absl::Status& status,
                              absl::Duration now) {
  // One failure of the RPC is one failure, however many calls it held.
  const bool retry_batch = MayRetry(status);
  hold_ = now + RetryDelayOf(status).value_or(absl::ZeroDuration());
  for (size_t i = 0; i < batch.calls.size(); ++i) {
    std::unique_ptr<Call>& call = batch.calls[i];
    absl::StatusOr<Proof>& result = batch.results[i];
    if (!call->done) continue;  // Its deadline has ended it.
    if (result.ok()) {
      budget_.RecordSuccess();
    } else if ((status.ok() ? MayRetry(result.status()) : retry_batch) &&
               retries_.Take(call, result.status(), now)) {
      ++stats_.retries;
      continue;
    } else if (absl::IsDeadlineExceeded(result.status()) && !call->error.ok()) {
      result = call->error;  // as in TakeExpired
    }
    CountEnd(*call, result.status(), now);
  }
  WakeDispatcherAt(retries_.next_due());
}

bool Coalescer::MayRetry(const absl::Status& error) {
  if (stopping_ || !IsTransient(error)) return false;
  if (budget_.TryRetry()) return true;
  ++stats_.budget_refusals;
  return false;
}

void Coalescer::TakeExpired(absl::Duration now, Ended& ended) {
  if (now < next_deadline_) return;
  next_deadline_ = absl::InfiniteDuration();
  auto look_at = [&](Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!call.done) return;
    if (call.deadline > now) {
      next_deadline_ = std::min(next_deadline_, call.deadline);
    } else {
      // The error of an attempt tells more than that there was no time for
      // another.
      TakeEnded(call, call.error.ok() ? DeadlineError() : call.error, now,
                ended);
    }
  };
  for (auto& call : queue_) look_at(*call);
  std::erase_if(queue_, [](const auto& call) { return !call->done; });
  // Calls that wait for a retry are queued again before their deadline.
  for (Batch* batch : in_flight_) {
    for (auto& call : batch->calls) look_at(*call);
  }
  next_deadline_ = std::max(next_deadline_, now + kDeadlineInterval);
}

void Coalescer::TakeEnded(Call& call, absl::Status error, absl::Duration now,
                          Ended& ended) {
  CountEnd(call, error, now);
  ended.emplace_back(std::move(call.done), std::move(error));
  call.done = nullptr;
}

void Coalescer::CountEnd(const Call& call, const absl::Status& status,
                         absl::Duration now) {
  status.ok() ? ++stats_.proofs : ++stats_.failures[FailureName(status)];
  stats_.latency_us.Add(
      static_cast<uint64_t>(absl::ToInt64Microseconds(now - call.begin)));
}

}  // namespace proofmint::client
