#include "signer/service/call_loop.h"

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace proofmint::service {
namespace {

// Events taken before what has gathered is minted: an arrival and an end for
// each call, and as many of calls that want no proof. However many of those
// come, proofs are made.
constexpr int kMaxEvents = 4 * ProofMinter::kMaxTogether;

// Tells the thread of a queue to stop.
class StopEvent final : public QueueEvent {
 public:
  explicit StopEvent(CallQueue& queue) : queue_(queue) {
    alarm_.Set(queue.events.get(), gpr_now(GPR_CLOCK_MONOTONIC),
               static_cast<QueueEvent*>(this));
  }
  void Happened(bool) override { queue_.stopping = true; }

 private:
  CallQueue& queue_;
  grpc::Alarm alarm_;
};

}  // namespace

int CallLoop::DefaultThreads() {
  return std::max(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1);
}

CallLoop::CallLoop(const ProofMinter& minter, int threads,
                   std::function<void(CallQueue&)> await_calls)
    : minter_(minter),
      thread_count_(threads),
      await_calls_(std::move(await_calls)) {}

void CallLoop::AddQueues(grpc::ServerBuilder& builder) {
  for (int i = 0; i < thread_count_; ++i) {
    queues_.push_back(
        std::make_unique<CallQueue>(builder.AddCompletionQueue(), minter_));
  }
}

void CallLoop::Start() {
  for (auto& queue : queues_) {
    await_calls_(*queue);
    threads_.emplace_back([&queue = *queue] { Run(queue); });
    pthread_setname_np(threads_.back().native_handle(), "calls");
  }
}

// A call may outlive its server, and nothing may be said of it in a queue that
// is shut down: that is for the thread to do, once it has no calls.
void CallLoop::Stop() {
  std::vector<std::unique_ptr<StopEvent>> stops;
  for (auto& queue : queues_) {
    if (threads_.empty()) {
      queue->events->Shutdown();
      Run(*queue);
    } else {
      stops.push_back(std::make_unique<StopEvent>(*queue));
    }
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  queues_.clear();
}

void CallLoop::Run(CallQueue& queue) {
  using grpc::CompletionQueue;
  void* tag;
  bool ok;
  // A deadline in the past makes gRPC look at its sockets, but not wait.
  const gpr_timespec now = gpr_inf_past(GPR_CLOCK_MONOTONIC);
  while (queue.events->Next(&tag, &ok)) {
    CompletionQueue::NextStatus next = CompletionQueue::GOT_EVENT;
    for (int events = 0; next == CompletionQueue::GOT_EVENT; ++events) {
      static_cast<QueueEvent*>(tag)->Happened(ok);
      // A thread that is to stop has to see that nothing is left.
      if ((events >= kMaxEvents && !queue.stopping) ||
          queue.mints.size() >= ProofMinter::kMaxTogether) {
        break;
      }
      next = queue.events->AsyncNext(&tag, &ok, now);
    }
    while (queue.mints.size() > 0) queue.mints.MintSome();
    // Nothing has arrived that was not seen, and all that was seen is over.
    if (queue.stopping && queue.calls == 0 &&
        next == CompletionQueue::TIMEOUT) {
      queue.stopping = false;
      queue.events->Shutdown();
    }
  }
}

}  // namespace proofmint::service
