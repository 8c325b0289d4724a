// Runs the threads that serve calls.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_CALL_LOOP_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_CALL_LOOP_H_

#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/base/thread.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/observe/call_stats.h"
#include "signer/service/rpc/call_queue.h"

namespace proofmint::service {

// CallLoop serves calls on call threads, each with a completion queue of its
// own. A thread takes all calls that have arrived, mints their proofs together
// and answers them. A call that arrives alone is minted alone and at once: no
// call waits for others to arrive. The busier the server is, the more requests
// share a run of the kernels.
//
// CallLoop does not use gRPC's callback API, because its threads and the call
// threads would compete for polling the sockets and wake each other.
//
// Not thread-safe; used only by GrpcServer.
class CallLoop {
 public:
  // Returns one thread for every two CPUs, at least one. Several threads wake
  // each other, and the other CPUs are for the key pool and for the callers.
  static int DefaultThreads();

  // `await_calls` tells the services which calls are wanted. Start runs it once
  // for each of the `threads`. A call that has no answer after `max_call_age`
  // is cut off. So is a call whose caller does not read the answer within a
  // second or two. `minter` must outlive the loop.
  CallLoop(const ProofMinter& minter, int threads,
           std::function<void(CallQueue&)> await_calls,
           absl::Duration max_call_age = absl::Seconds(15));

  // Stops if Stop has not been called.
  ~CallLoop() { Stop(); }

  CallLoop(const CallLoop&) = delete;
  CallLoop& operator=(const CallLoop&) = delete;

  // Adds the completion queues to `builder`, whose server is built next.
  void AddQueues(grpc::ServerBuilder& builder);

  // Starts the threads, which serve the calls of the running server. Fails with
  // RESOURCE_EXHAUSTED if the system has no thread to give; the server must
  // then be shut down and the loop stopped.
  absl::Status Start();

  // Ends the threads. The server must have been shut down, or never started.
  void Stop();

  // Returns the counters of each thread. They live as long as the loop.
  // Thread-safe.
  const std::vector<CallStats>& stats() const { return stats_; }

  // Returns the count of answers that callers have not read. It lives as long
  // as the loop. Thread-safe.
  const UnreadAnswers& unread_answers() const { return unread_answers_; }

 private:
  void Run(CallQueue& queue);

  const ProofMinter& minter_;
  const std::function<void(CallQueue&)> await_calls_;
  const absl::Duration max_call_age_;
  std::vector<CallStats> stats_;
  UnreadAnswers unread_answers_;
  std::vector<std::unique_ptr<CallQueue>> queues_;
  // threads_[i] runs queues_[i].
  std::vector<base::Thread> threads_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_CALL_LOOP_H_
