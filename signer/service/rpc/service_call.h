// A call of ProofSigner: what it has to pass, and what is told of it.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_SERVICE_CALL_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_SERVICE_CALL_H_

#include <grpcpp/alarm.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/gate/admission.h"
#include "signer/service/gate/caller.h"
#include "signer/service/gate/serving_state.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/observe/audit_log.h"
#include "signer/service/observe/call_stats.h"
#include "signer/service/rpc/unary_call.h"

namespace proofmint::service {

// Frontend is what all calls meet before there is any cryptography. All of it
// is thread-safe and outlives the calls.
struct Frontend {
  const Callers& callers;
  const ServingState& state;
  Admission& admission;
  AuditLog* audit_log = nullptr;  // null: none
  // A caller's deadline counts as at most this.
  absl::Duration max_deadline = absl::Seconds(10);
  absl::Duration fault_delay = absl::ZeroDuration();
};

// ServiceCall is a UnaryCall of ProofSigner. A class derived from it parses and
// answers in Serve, which is called if the server takes calls and the caller
// may make them, and otherwise not.
class ServiceCall : public UnaryCall {
 public:
  ServiceCall(const Frontend& frontend, Method method, CallQueue& queue)
      : UnaryCall(queue), frontend_(frontend), method_(method) {}

 protected:
  virtual void Serve() = 0;

  // Adds what is known of the proofs to `entry`. Called once, at the end.
  virtual void Describe(AuditEntry& entry) const = 0;

  // Admit returns OK if `proofs` may be minted for this call, and what to
  // Refuse it with otherwise: its deadline is too short, the server has too
  // much to do, or the caller has had its share.
  absl::Status Admit(size_t proofs);

  // Answers without having minted anything.
  void Refuse(const absl::Status& error) {
    queue_.stats.CountError(error);
    Fail(error);
  }

  void Fail(const absl::Status& error) {
    Record(error);
    AnswerError(error);
  }

  template <typename Message>
  void Succeed(const Message& message) {
    Record(absl::OkStatus());
    AnswerWith(message);
  }

  const MintQueue::CallInfo& call() const { return call_; }

 private:
  // A call that is delayed on purpose.
  class Delay final : public QueueEvent {
   public:
    explicit Delay(ServiceCall& call) : call_(call) {}
    void OnEvent(bool) override { call_.Begin(); }

    grpc::Alarm alarm;

   private:
    ServiceCall& call_;
  };

  void Received() final;
  void Begin();
  // The call has been decided: what its caller does with the answer is not for
  // others to wait for.
  void Record(const absl::Status& status);

  const Frontend& frontend_;
  const Method method_;
  Caller caller_;
  MintQueue::CallInfo call_;
  Admission::Ticket ticket_;
  std::unique_ptr<Delay> delay_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_SERVICE_CALL_H_
