// One call of a unary method.

#ifndef PROOFMINT_SIGNER_SERVICE_UNARY_CALL_H_
#define PROOFMINT_SIGNER_SERVICE_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "signer/service/call_queue.h"
#include "signer/service/errors.h"
#include "signer/service/message_bytes.h"

namespace proofmint::service {

// UnaryCall is a call from when it is awaited until its answer has been sent,
// and then deletes itself. It is its own tag in the queue. Requests come as
// bytes, because gRPC answers those that do not parse with a bare
// UNIMPLEMENTED.
//
// A class derived from it asks its service for the call, with `context_`,
// `request_bytes_` and `writer_`, and answers once Received has been called.
class UnaryCall : public QueueEvent {
 public:
  explicit UnaryCall(CallQueue& queue) : queue_(queue) {}
  virtual ~UnaryCall() {
    if (received_) --queue_.calls;
  }

  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  void Happened(bool ok) final {
    // Not OK before it arrived: the server is being shut down. Afterwards: the
    // client has gone.
    if (received_ || !ok) {
      delete this;
      return;
    }
    received_ = true;
    ++queue_.calls;
    AwaitAnother();
    Received();
  }

 protected:
  // Asks the service for one more call of this kind.
  virtual void AwaitAnother() = 0;

  // Answers `request_bytes_`, now or later, by AnswerWith or AnswerError.
  virtual void Received() = 0;

  template <typename Message>
  void AnswerWith(const Message& message) {
    grpc::ByteBuffer bytes;
    absl::Status status = SerializeMessage(message, bytes);
    if (!status.ok()) return AnswerError(status);
    writer_.Finish(bytes, grpc::Status::OK, this);
  }

  void AnswerError(const absl::Status& error) {
    writer_.FinishWithError(ToGrpcStatus(error, context_), this);
  }

  CallQueue& queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_bytes_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};

 private:
  bool received_ = false;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_UNARY_CALL_H_
