// Holds the completion queue and the calls of one call thread.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_

#include <grpcpp/completion_queue.h>

#include <list>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/observe/call_stats.h"

namespace proofmint::service {

// QueueEvent receives an event of a completion queue. Every tag in the queues
// of this library must be the tag() of a QueueEvent. A pointer to a derived
// class is not a tag, because it may differ from the pointer to its QueueEvent.
class QueueEvent {
 public:
  void* tag() { return this; }
  static QueueEvent& FromTag(void* tag) {
    return *static_cast<QueueEvent*>(tag);
  }

  // Called when the operation that was started with this tag has ended, on the
  // thread of the queue; `ok` as in CompletionQueue::Next.
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~QueueEvent() = default;
};

class UnaryCall;

// CallQueue holds what one call thread works on: its completion queue, the
// requests that wait to be minted, and the timers of its calls.
//
// Confined to that thread, once the thread runs.
struct CallQueue {
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue,
            const ProofMinter& minter, CallStats& counts,
            UnreadAnswers& answers)
      : events(std::move(queue)),
        stats(counts),
        unread_answers(answers),
        mint_queue(minter, counts) {}

  struct Timed {
    UnaryCall* call;
    absl::Duration since;  // of MonotonicNow
  };

  std::unique_ptr<grpc::ServerCompletionQueue> events;
  CallStats& stats;
  UnreadAnswers& unread_answers;  // of all call threads
  MintQueue mint_queue;
  // The unary calls that have not ended and have not been cut off, oldest
  // first: those without an answer, by the time of their arrival, and those
  // whose answer is being sent, by the time at which sending began.
  std::list<Timed> unanswered;
  std::list<Timed> unread;
  int calls = 0;          // calls that have arrived and not ended
  bool stopping = false;  // set after the server has been shut down
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_
