// Serves one call of a unary method.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <list>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/rpc/call_queue.h"
#include "signer/service/rpc/message_bytes.h"

namespace proofmint::service {

// UnaryCall is a call from when it is awaited until its answer has been sent,
// and then deletes itself. Requests come as bytes, because gRPC answers those
// that do not parse with a bare UNIMPLEMENTED.
//
// The constructor of a derived class asks its service for the call, with
// `context_`, `request_bytes_`, `writer_` and tag(). The call must answer
// exactly once, by AnswerWith or AnswerError, in Serve or later. A call of a
// peer that leaves too many answers unread is dropped instead: the peer sees
// that it was cancelled.
//
// Confined to the thread of `queue`.
class UnaryCall : public QueueEvent {
 public:
  explicit UnaryCall(CallQueue& queue) : queue_(queue) {}
  virtual ~UnaryCall();

  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  void OnEvent(bool ok) final;

  // Cancels the call, which takes too long. The call ends later, by an event.
  void CutOff();

 protected:
  // Called once each, in this order, when the call has arrived:

  // Awaits one more call of this kind.
  virtual void AwaitNext() = 0;

  // Takes note of the arrival, and adds the caller to `peer_` if the call
  // identifies it. Returns how long Serve is to be delayed.
  virtual absl::Duration OnArrival() { return absl::ZeroDuration(); }

  // Serves the request in `request_bytes_`.
  virtual void Serve() = 0;

  template <typename Message>
  void AnswerWith(const Message& message) {
    grpc::ByteBuffer bytes;
    absl::Status status = SerializeMessage(message, bytes);
    status.ok() ? SendAnswer(bytes) : AnswerError(status);
  }

  void AnswerError(const absl::Status& error);

  // Returns when the call was taken from the queue, by MonotonicNow.
  absl::Duration arrived() const { return arrived_; }

  CallQueue& queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_bytes_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};
  // The connection of the call and, once it is identified, its caller.
  UnreadAnswers::Peer peer_;

 private:
  // Says what the next event of the call means. In kServed none is pending.
  enum class State { kAwaited, kDelayed, kServed, kAnswered };

  void Arrive();
  void SendAnswer(const grpc::ByteBuffer& answer);
  // Counts the answer, which takes `answer_size` bytes, as not yet read.
  void EnterAnswered(size_t answer_size);
  std::list<CallQueue::Timed>& Timers();

  State state_ = State::kAwaited;
  absl::Duration arrived_;
  // Its place in one of the queue's lists, until it is cut off.
  std::optional<std::list<CallQueue::Timed>::iterator> timed_;
  std::optional<grpc::Alarm> delay_;
  UnreadAnswers::Ticket unread_answer_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_UNARY_CALL_H_
