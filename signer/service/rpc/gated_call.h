// Decides whether a call of ProofSigner is served, and counts and audits it.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_GATED_CALL_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_GATED_CALL_H_

#include <grpcpp/server_context.h>

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/gate/admission.h"
#include "signer/service/gate/caller.h"
#include "signer/service/gate/serving_state.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/observe/audit_log.h"
#include "signer/service/observe/call_stats.h"
#include "signer/service/rpc/call_queue.h"

namespace proofmint::service {

// Gate holds what all calls of ProofSigner are checked against, and where they
// are recorded. Everything in it is thread-safe and must outlive the calls.
struct Gate {
  const Callers& callers;
  const ServingState& state;
  Admission& admission;
  AuditLog* audit_log = nullptr;  // null: none
  // The deadline of a call is at most this long after its arrival.
  absl::Duration max_deadline = absl::Seconds(10);
  // How long each call is delayed on purpose, see Faults.
  absl::Duration fault_delay = absl::ZeroDuration();
};

// GatedCall does what every call has in common: it takes the call through the
// gate, before any cryptography, and at the end counts and audits it. It is a
// member of the call object, which calls its functions in the order in which
// they stand here.
//
// Confined to the thread of `queue`.
class GatedCall {
 public:
  // All arguments must outlive this object.
  GatedCall(const Gate& gate, Method method, CallQueue& queue,
            const grpc::ServerContext& context)
      : gate_(gate), method_(method), queue_(queue), context_(context) {}

  GatedCall(const GatedCall&) = delete;
  GatedCall& operator=(const GatedCall&) = delete;

  // Identifies the caller and fixes the deadline of the call, which arrived at
  // `arrived`, a time of MonotonicNow. Adds the caller to `peer`, which has the
  // connection of the call. Returns how long the call is to be delayed before
  // Check.
  absl::Duration Begin(absl::Duration arrived, UnreadAnswers::Peer& peer);

  // Returns OK if the caller is allowed and the server takes calls.
  absl::Status Check() const;

  // Returns OK if `proofs` may be minted for this call. Otherwise its deadline
  // is too short, the server has too much to do, the caller does not read its
  // answers, or its quota is used up. What is admitted counts as in flight
  // until End.
  absl::Status Admit(size_t proofs);

  // Counts the error of a call that is refused before any proof is made. The
  // errors of proofs are counted by MintQueue.
  void CountRefusal(const absl::Status& error) {
    queue_.stats.CountError(error);
  }

  // Records that the call ended with `status`: what it was admitted for is no
  // longer in flight, and it is counted and audited. `add_proofs` adds its
  // proofs to the audit entry; it is not called without an audit log.
  void End(const absl::Status& status,
           absl::FunctionRef<void(AuditEntry&)> add_proofs);

  // Returns the caller, the arrival and the deadline, after Begin.
  const MintQueue::CallInfo& call_info() const { return call_info_; }

 private:
  const Gate& gate_;
  const Method method_;
  CallQueue& queue_;
  const grpc::ServerContext& context_;
  Caller caller_;
  UnreadAnswers::Peer peer_;
  MintQueue::CallInfo call_info_;
  Admission::Ticket ticket_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_GATED_CALL_H_
