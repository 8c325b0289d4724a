// The calls of one thread.

#ifndef PROOFMINT_SIGNER_SERVICE_CALL_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_CALL_QUEUE_H_

#include <grpcpp/completion_queue.h>

#include <memory>
#include <utility>

#include "signer/service/mint_queue.h"
#include "signer/service/proof_minter.h"

namespace proofmint::service {

// QueueEvent is what a tag in a completion queue points to.
class QueueEvent {
 public:
  // What the tag stood for has come to pass; `ok` as in CompletionQueue::Next.
  virtual void Happened(bool ok) = 0;

 protected:
  ~QueueEvent() = default;
};

// CallQueue is where the calls of one thread arrive, and the requests in them
// that are yet to be minted. Every tag in `events` is a QueueEvent*. Of that
// thread alone.
struct CallQueue {
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue,
            const ProofMinter& minter)
      : events(std::move(queue)), mints(minter) {}

  std::unique_ptr<grpc::ServerCompletionQueue> events;
  MintQueue mints;
  int calls = 0;          // that have arrived and are not over
  bool stopping = false;  // once the server has been shut down
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CALL_QUEUE_H_
