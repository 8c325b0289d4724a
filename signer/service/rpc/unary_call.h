// One call of a unary method.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <list>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"
#include "signer/service/rpc/call_queue.h"
#include "signer/service/rpc/message_bytes.h"

namespace proofmint::service {

// UnaryCall is a call from when it is awaited until its answer has been sent,
// and then deletes itself. Requests come as bytes, because gRPC answers those
// that do not parse with a bare UNIMPLEMENTED.
//
// A class derived from it asks its service for the call, with `context_`,
// `request_bytes_` and `writer_`, and answers once Received has been called.
class UnaryCall : public QueueEvent, public TimedCall {
 public:
  explicit UnaryCall(CallQueue& queue) : queue_(queue) {}
  virtual ~UnaryCall() {
    if (timed_.has_value()) Timers().erase(*timed_);
    if (received_) --queue_.calls;
  }

  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  void OnEvent(bool ok) final {
    // Not OK before it arrived: the server is being shut down. Afterwards: the
    // client has gone.
    if (received_ || !ok) {
      delete this;
      return;
    }
    received_ = true;
    ++queue_.calls;
    arrived_ = base::MonotonicNow();
    timed_ =
        queue_.unanswered.insert(queue_.unanswered.end(), {this, arrived_});
    AwaitAnother();
    Received();
  }

  void CutOff() final {
    Timers().erase(*timed_);
    timed_.reset();
    context_.TryCancel();
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
    Answered();
    writer_.Finish(bytes, grpc::Status::OK, tag());
  }

  void AnswerError(const absl::Status& error) {
    Answered();
    writer_.FinishWithError(ToGrpcStatus(error, context_), tag());
  }

  // When the call was taken from the queue, by MonotonicNow.
  absl::Duration arrived() const { return arrived_; }

  CallQueue& queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_bytes_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};

 private:
  std::list<CallQueue::Timed>& Timers() {
    return answered_ ? queue_.unread : queue_.unanswered;
  }

  void Answered() {
    answered_ = true;
    if (!timed_.has_value()) return;
    (*timed_)->since = base::MonotonicNow();
    queue_.unread.splice(queue_.unread.end(), queue_.unanswered, *timed_);
  }

  bool received_ = false;
  bool answered_ = false;
  absl::Duration arrived_;
  // Its place in one of the queue's lists, until it is cut off.
  std::optional<std::list<CallQueue::Timed>::iterator> timed_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_
