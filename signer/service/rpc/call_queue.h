// The calls of one thread.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_

#include <grpcpp/completion_queue.h>

#include <list>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/observe/call_stats.h"

namespace proofmint::service {

// QueueEvent receives an event of a completion queue. Every tag in the queues
// of this library is the tag() of a QueueEvent. A pointer to a derived class is
// no tag: read back as a QueueEvent* it may point to another part of the
// object.
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

// CallQueue is where the calls of one thread arrive, and the requests in them
// that are yet to be minted. Of that thread alone.
struct CallQueue {
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue,
            const ProofMinter& minter, CallStats& counts)
      : events(std::move(queue)), stats(counts), mint_queue(minter, counts) {}

  struct Timed {
    UnaryCall* call;
    absl::Duration since;  // of MonotonicNow
  };

  std::unique_ptr<grpc::ServerCompletionQueue> events;
  CallStats& stats;
  MintQueue mint_queue;
  // The unary calls that are not over and have not been cut off: those that
  // have no answer yet, since they arrived, and those whose answer is being
  // sent, since it is. Both in the order of time.
  std::list<Timed> unanswered;
  std::list<Timed> unread;
  int calls = 0;          // that have arrived and are not over
  bool stopping = false;  // once the server has been shut down
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_CALL_QUEUE_H_
