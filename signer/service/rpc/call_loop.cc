#include "signer/service/rpc/call_loop.h"

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <list>
#include <thread>
#include <utility>

#include "signer/base/clock.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/gpr_time.h"
#include "signer/service/rpc/unary_call.h"

namespace proofmint::service {
namespace {

// The most events that are taken before proofs are minted: the arrival and the
// end of kKernelBatchSize calls, and as many events of calls that want no proof
// or are refused. The limit keeps such calls from stopping the minting.
constexpr int kMaxEvents = 4 * crypto::kKernelBatchSize;

// The most events that are taken while a full batch waits to be minted. A call
// that is refused costs gRPC two events, as any other does, so this limits how
// much time refusals take from minting. Under a load of three times its
// capacity the server reaches 84 to 97 % of its capacity with 16, and half with
// 256. Events that are not taken wait in gRPC, within its limit of concurrent
// calls per connection.
constexpr int kMaxEventsBeyondARun = 16;

// The longest time between two checks for calls that take too long.
constexpr absl::Duration kCutOffInterval = absl::Seconds(1);

// How long a caller may take to read its answer. After that, gRPC frees an
// answer for which the peer has not opened its flow-control window. An answer
// that waits for a full socket stays in memory, see UnreadAnswers.
constexpr absl::Duration kMaxUnreadAge = absl::Seconds(1);

// Cuts off those of `calls` that have been in the list since before `begin`.
void CutOff(std::list<CallQueue::Timed>& calls, absl::Duration begin) {
  while (!calls.empty() && calls.front().since < begin) {
    calls.front().call->CutOff();  // removes it from the list
  }
}

// Tells the thread of a queue to stop.
class StopEvent final : public QueueEvent {
 public:
  explicit StopEvent(CallQueue& queue) : queue_(queue) {
    alarm_.Set(queue.events.get(), gpr_now(GPR_CLOCK_MONOTONIC), tag());
  }
  void OnEvent(bool) override { queue_.stopping = true; }

 private:
  CallQueue& queue_;
  grpc::Alarm alarm_;
};

}  // namespace

int CallLoop::DefaultThreads() {
  return std::max(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1);
}

CallLoop::CallLoop(const ProofMinter& minter, int threads,
                   std::function<void(CallQueue&)> await_calls,
                   absl::Duration max_call_age)
    : minter_(minter),
      await_calls_(std::move(await_calls)),
      max_call_age_(max_call_age),
      stats_(static_cast<size_t>(threads)) {}

void CallLoop::AddQueues(grpc::ServerBuilder& builder) {
  for (CallStats& stats : stats_) {
    queues_.push_back(std::make_unique<CallQueue>(
        builder.AddCompletionQueue(), minter_, stats, unread_answers_));
  }
}

absl::Status CallLoop::Start() {
  for (auto& queue : queues_) {
    // Here and not on the thread: gRPC may lose a request for a call that is
    // made while the server shuts down, and Stop would wait for it for ever.
    await_calls_(*queue);
    PROOFMINT_ASSIGN_OR_RETURN(
        base::Thread thread,
        base::Thread::Start("calls", [this, &queue = *queue] { Run(queue); }));
    threads_.push_back(std::move(thread));
  }
  return absl::OkStatus();
}

// A call may outlive its server, and no operation of it may be started in a
// queue that has been shut down. So the thread of the queue shuts it down, once
// it has no calls. A queue without a thread has only calls that are awaited;
// the server, which has been shut down, has ended them.
void CallLoop::Stop() {
  std::vector<std::unique_ptr<StopEvent>> stops;
  for (size_t i = 0; i < queues_.size(); ++i) {
    if (i < threads_.size()) {
      stops.push_back(std::make_unique<StopEvent>(*queues_[i]));
    } else {
      queues_[i]->events->Shutdown();
      Run(*queues_[i]);
    }
  }
  threads_.clear();  // joins them
  queues_.clear();
}

// Between two runs of the minter all events that have arrived are handled. So
// the length of the queue is known, and a call that would wait too long is
// refused at once. In gRPC's own queues it could not be seen.
void CallLoop::Run(CallQueue& queue) {
  using grpc::CompletionQueue;
  // A deadline in the past makes gRPC poll its sockets without waiting.
  const gpr_timespec now = gpr_inf_past(GPR_CLOCK_MONOTONIC);
  for (;;) {
    void* tag;
    bool ok;
    CompletionQueue::NextStatus next = queue.events->AsyncNext(
        &tag, &ok,
        queue.mint_queue.size() > 0 ? now : GprTimeAfter(kCutOffInterval));
    int events = 0;
    int beyond_a_run = 0;
    while (next == CompletionQueue::GOT_EVENT) {
      QueueEvent::FromTag(tag).OnEvent(ok);
      ++events;
      if (queue.mint_queue.size() >= crypto::kKernelBatchSize) ++beyond_a_run;
      // To stop, the thread must see that no event is left.
      if (!queue.stopping &&
          (events >= kMaxEvents || beyond_a_run >= kMaxEventsBeyondARun)) {
        break;
      }
      next = queue.events->AsyncNext(&tag, &ok, now);
    }
    if (next == CompletionQueue::SHUTDOWN) return;
    if (queue.mint_queue.size() > 0) queue.mint_queue.RunBatch();
    const absl::Duration time = base::MonotonicNow();
    CutOff(queue.unanswered, time - max_call_age_);
    CutOff(queue.unread, time - kMaxUnreadAge);
    // No event is left, and all calls have ended.
    if (queue.stopping && queue.calls == 0 &&
        next == CompletionQueue::TIMEOUT) {
      queue.stopping = false;
      queue.events->Shutdown();
    }
  }
}

}  // namespace proofmint::service
