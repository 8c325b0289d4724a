// Sends batches by gRPC.

#ifndef PROOFMINT_SIGNER_CLIENT_GRPC_TRANSPORT_H_
#define PROOFMINT_SIGNER_CLIENT_GRPC_TRANSPORT_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <memory>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"
#include "signer/client/batch_transport.h"

namespace proofmint::client {

// GrpcTransport sends on the thread that calls Send, which writes to the socket
// itself, and receives on one thread of its own. The callback API of gRPC would
// let several threads compete for the socket.
class GrpcTransport final : public BatchTransport {
 public:
  // Fails with RESOURCE_EXHAUSTED if the system has no thread to give.
  static absl::StatusOr<std::unique_ptr<GrpcTransport>> Start(
      std::shared_ptr<grpc::Channel> channel);

  ~GrpcTransport() override;

  void Send(const v1::BatchSignProofsRequest& request, absl::Duration timeout,
            Done done) override;
  void CancelAll() override;

 private:
  struct Rpc;

  explicit GrpcTransport(std::shared_ptr<grpc::Channel> channel);

  // Receives results until the queue is shut down.
  void Receive();

  const std::unique_ptr<v1::ProofSigner::Stub> stub_;
  grpc::CompletionQueue queue_;
  base::Mutex mutex_;
  std::unordered_set<Rpc*> in_flight_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  base::Thread receiver_;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_GRPC_TRANSPORT_H_
