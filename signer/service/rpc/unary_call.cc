#include "signer/service/rpc/unary_call.h"

#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/gpr_time.h"

namespace proofmint::service {

UnaryCall::~UnaryCall() {
  if (timed_.has_value()) Timers().erase(*timed_);
  if (state_ != State::kAwaited) --queue_.calls;
}

void UnaryCall::OnEvent(bool ok) {
  if (state_ == State::kAwaited && ok) return Arrive();
  if (state_ == State::kDelayed) {
    state_ = State::kServed;
    return Serve();
  }
  // The server has been shut down before a call arrived, or the answer has been
  // sent, or cannot be sent because the caller is gone.
  delete this;
}

void UnaryCall::Arrive() {
  state_ = State::kServed;
  ++queue_.calls;
  arrived_ = base::MonotonicNow();
  timed_ = queue_.unanswered.insert(queue_.unanswered.end(), {this, arrived_});
  AwaitNext();
  peer_.connection = UnreadAnswers::Key(context_.peer());
  const absl::Duration delay = OnArrival();
  if (queue_.unread_answers.Check(peer_) == UnreadAnswers::Decision::kDrop) {
    queue_.stats.CountError(UnreadAnswersError());
    context_.TryCancel();
    delete this;
    return;
  }
  if (delay <= absl::ZeroDuration()) return Serve();
  state_ = State::kDelayed;
  delay_.emplace().Set(queue_.events.get(), GprTimeAfter(delay), tag());
}

void UnaryCall::CutOff() {
  Timers().erase(*timed_);
  timed_.reset();
  context_.TryCancel();
}

void UnaryCall::AnswerError(const absl::Status& error) {
  EnterAnswered(0);
  writer_.FinishWithError(ToGrpcStatus(error, context_), tag());
}

void UnaryCall::SendAnswer(const grpc::ByteBuffer& answer) {
  EnterAnswered(answer.Length());
  writer_.Finish(answer, grpc::Status::OK, tag());
}

void UnaryCall::EnterAnswered(size_t answer_size) {
  state_ = State::kAnswered;
  request_bytes_.Clear();  // not parsed if the call was refused
  unread_answer_ = queue_.unread_answers.Add(peer_, answer_size);
  if (!timed_.has_value()) return;
  (*timed_)->since = base::MonotonicNow();
  queue_.unread.splice(queue_.unread.end(), queue_.unanswered, *timed_);
}

std::list<CallQueue::Timed>& UnaryCall::Timers() {
  return state_ == State::kAnswered ? queue_.unread : queue_.unanswered;
}

}  // namespace proofmint::service
