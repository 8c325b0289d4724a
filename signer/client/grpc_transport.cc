#include "signer/client/grpc_transport.h"

#include <google/protobuf/arena.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/status.h>

#include <utility>

#include "signer/base/status_macros.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/gpr_time.h"

namespace proofmint::client {
// Rpc is one call; it is the tag of its only event.
struct GrpcTransport::Rpc {
  grpc::ClientContext context;
  google::protobuf::Arena arena;
  v1::BatchSignProofsResponse& response =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsResponse>(
          &arena);
  grpc::Status status;
  Done done;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::BatchSignProofsResponse>>
      reader;
};

absl::StatusOr<std::unique_ptr<GrpcTransport>> GrpcTransport::Start(
    std::shared_ptr<grpc::Channel> channel) {
  std::unique_ptr<GrpcTransport> transport(
      new GrpcTransport(std::move(channel)));
  PROOFMINT_ASSIGN_OR_RETURN(
      transport->receiver_,
      base::Thread::Start("signer-receive", [transport = transport.get()] {
        transport->Receive();
      }));
  return transport;
}

GrpcTransport::GrpcTransport(std::shared_ptr<grpc::Channel> channel)
    : stub_(v1::ProofSigner::NewStub(std::move(channel))) {}

GrpcTransport::~GrpcTransport() {
  queue_.Shutdown();
  // Without a thread there is no event to wait for but the queue's last.
  if (!receiver_.joinable()) Receive();
  receiver_.Join();
}

void GrpcTransport::Send(const v1::BatchSignProofsRequest& request,
                         absl::Duration timeout, Done done) {
  Rpc* rpc = new Rpc;
  rpc->done = std::move(done);
  rpc->context.set_deadline(service::GprTimeAfter(timeout));
  {
    base::MutexLock lock(mutex_);
    in_flight_.insert(rpc);
    if (cancelled_) rpc->context.TryCancel();
  }
  rpc->reader =
      stub_->PrepareAsyncBatchSignProofs(&rpc->context, request, &queue_);
  rpc->reader->StartCall();
  rpc->reader->Finish(&rpc->response, &rpc->status, rpc);
}

void GrpcTransport::CancelAll() {
  base::MutexLock lock(mutex_);
  cancelled_ = true;
  for (Rpc* rpc : in_flight_) rpc->context.TryCancel();
}

void GrpcTransport::Receive() {
  void* tag;
  bool ok;
  while (queue_.Next(&tag, &ok)) {
    std::unique_ptr<Rpc> rpc(static_cast<Rpc*>(tag));
    {
      base::MutexLock lock(mutex_);
      in_flight_.erase(rpc.get());
    }
    const absl::Status status =
        rpc->status.ok()
            ? absl::OkStatus()
            : service::ToAbslStatus(service::ToRpcStatus(rpc->status));
    rpc->done(status, rpc->response);
  }
}

}  // namespace proofmint::client
