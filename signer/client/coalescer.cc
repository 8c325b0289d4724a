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
      pacing_(options.max_batch_delay) {}

Coalescer::~Coalescer() {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    const absl::Duration now = base::MonotonicNow();
    for (auto& call : queue_) TakeEnded(*call, DestroyedError(), now, ended);
    for (Retry& retry : retries_) {
      TakeEnded(*retry.call, DestroyedError(), now, ended);
    }
    queue_.clear();
    retries_.clear();
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
  Batch* batch = nullptr;
  const absl::Duration now = base::MonotonicNow();
  {
    base::MutexLock lock(mutex_);
    ++stats_.calls;
    if (stopping_) {
      refusal = DestroyedError();
    } else if (queue_.size() + retries_.size() >= options_.max_queued) {
      refusal = absl::ResourceExhaustedError(
          absl::StrCat("signer client: ", options_.max_queued,
                       " calls wait already (max_queued)"));
    }
    if (refusal.ok()) {
      call->begin = now;
      call->deadline = now + timeout;
      next_deadline_ = std::min(next_deadline_, call->deadline);
      WakeDispatcherAt(next_deadline_);
      queue_.push_back(std::move(call));
      pacing_.RecordArrival(now);
      batch = TakeBatchIfDue(now);
    } else {
      ++stats_.failures[FailureName(refusal)];
    }
  }
  if (batch != nullptr) Send(batch, now);
  if (!refusal.ok()) call->done(std::move(refusal));
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
    QueueDueRetries(now);
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
    dispatcher_wakes_ = next_deadline_;
    if (next_batch_ > now) {
      dispatcher_wakes_ = std::min(dispatcher_wakes_, next_batch_);
    }
    if (!retries_.empty()) {
      dispatcher_wakes_ = std::min(dispatcher_wakes_, retries_.front().due);
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
  if (now < next_batch_ && queue_.size() < std::min(BatchPacing::kWorthSending,
                                                    options_.max_batch_size)) {
    WakeDispatcherAt(next_batch_);
    return nullptr;
  }
  if (idle_batches_.empty()) idle_batches_.push_back(std::make_unique<Batch>());
  Batch* batch = idle_batches_.back().release();
  idle_batches_.pop_back();
  while (!queue_.empty() && batch->calls.size() < options_.max_batch_size) {
    if (queue_.front()->done) batch->calls.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (batch->calls.empty()) {  // All calls in the queue had ended.
    idle_batches_.emplace_back(batch);
    return nullptr;
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
  Batch* next = nullptr;
  {
    base::MutexLock lock(mutex_);
    in_flight_.erase(std::find(in_flight_.begin(), in_flight_.end(), batch));
    // Now the calls of the batch belong to this thread alone.
    next = TakeBatchIfDue(now);
    if (stopping_ && in_flight_.empty()) wake_.NotifyAll();
  }
  if (next != nullptr) Send(next, now);

  Calls& calls = batch->calls;
  std::vector<absl::StatusOr<Proof>>& results = batch->results;
  for (size_t i = 0; i < calls.size(); ++i) {
    const int index = static_cast<int>(i);
    if (!status.ok()) {
      results.emplace_back(status);
    } else if (index < response.results_size()) {
      results.push_back(TakeProof(*response.mutable_results(index), index));
    } else {
      results.emplace_back(absl::InternalError("signer: a result is missing"));
    }
  }
  {
    base::MutexLock lock(mutex_);
    for (size_t i = 0; i < calls.size(); ++i) {
      if (!calls[i]->done) continue;  // The deadline has ended it.
      if (results[i].ok()) {
        budget_.RecordSuccess();
      } else if (TakeForRetry(calls[i], results[i].status(), now)) {
        continue;
      }
      CountEnd(*calls[i], results[i].status(), now);
    }
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] == nullptr || !calls[i]->done) continue;
    calls[i]->done(std::move(results[i]));
  }
  calls.clear();
  results.clear();

  {
    base::MutexLock lock(mutex_);
    idle_batches_.emplace_back(batch);
    next = TakeBatchIfDue(now);
  }
  if (next != nullptr) Send(next, now);
}

bool Coalescer::TakeForRetry(std::unique_ptr<Call>& call,
                             const absl::Status& error, absl::Duration now) {
  if (stopping_ || !IsTransient(error)) return false;
  if (!budget_.TryRetry()) {
    ++stats_.budget_refusals;
    return false;
  }
  const absl::Duration due = now + Backoff(options_.retry, call->retries + 1,
                                           RetryDelayOf(error), random_);
  if (due >= call->deadline) return false;
  ++call->retries;
  ++stats_.retries;
  retries_.push_back({.due = due, .call = std::move(call)});
  std::push_heap(retries_.begin(), retries_.end());
  WakeDispatcherAt(due);
  return true;
}

void Coalescer::QueueDueRetries(absl::Duration now) {
  while (!retries_.empty() && retries_.front().due <= now) {
    std::pop_heap(retries_.begin(), retries_.end());
    queue_.push_back(std::move(retries_.back().call));
    retries_.pop_back();
  }
}

void Coalescer::TakeExpired(absl::Duration now, Ended& ended) {
  if (now < next_deadline_) return;
  next_deadline_ = absl::InfiniteDuration();
  auto look_at = [&](Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!call.done) return;
    if (call.deadline > now) {
      next_deadline_ = std::min(next_deadline_, call.deadline);
    } else {
      TakeEnded(call, DeadlineError(), now, ended);
    }
  };
  for (auto& call : queue_) look_at(*call);
  for (Retry& retry : retries_) look_at(*retry.call);
  for (Batch* batch : in_flight_) {
    for (auto& call : batch->calls) look_at(*call);
  }
  next_deadline_ = std::max(next_deadline_, now + kDeadlineInterval);
}

void Coalescer::TakeEnded(Call& call, absl::Status error, absl::Duration now,
                          Ended& ended) {
  if (!call.done) return;
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
