#include "signer/service/rpc/gated_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "signer/base/clock.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/gpr_time.h"

namespace proofmint::service {
namespace {

absl::string_view TraceParentOf(const grpc::ServerContext& context) {
  auto found = context.client_metadata().find("traceparent");
  if (found == context.client_metadata().end()) return "";
  return {found->second.data(), found->second.size()};
}

}  // namespace

absl::Duration GatedCall::Begin(absl::Duration arrived,
                                UnreadAnswers::Peer& peer) {
  caller_ = gate_.callers.Identify(context_);
  peer.caller = UnreadAnswers::Key(caller_.id);
  peer_ = peer;
  call_info_ = {caller_.id, arrived,
                std::min(MonotonicTimeOf(context_.raw_deadline()),
                         arrived + gate_.max_deadline)};
  return gate_.state.serving() ? gate_.fault_delay : absl::ZeroDuration();
}

absl::Status GatedCall::Check() const {
  if (!caller_.allowed) {
    return CallerNotAllowedError(
        caller_.id == kUnknownCaller ? absl::string_view() : caller_.id);
  }
  return gate_.state.Check();
}

absl::Status GatedCall::Admit(size_t proofs) {
  const absl::Duration now = base::MonotonicNow();
  if (call_info_.deadline <= now + queue_.mint_queue.ExpectedWait()) {
    return DeadlineTooShortError();
  }
  if (queue_.unread_answers.Check(peer_,
                                  proofs * UnreadAnswers::kMaxBytesPerProof) !=
      UnreadAnswers::Decision::kServe) {
    return UnreadAnswersError();
  }
  PROOFMINT_ASSIGN_OR_RETURN(ticket_,
                             gate_.admission.Admit(caller_.id, proofs, now));
  return absl::OkStatus();
}

void GatedCall::End(const absl::Status& status,
                    absl::FunctionRef<void(AuditEntry&)> add_proofs) {
  // The ticket is released before the caller has read its answer, so that a
  // slow reader does not keep other callers from being admitted.
  ticket_.Release();
  queue_.stats.CountCall(method_, status.code());
  if (gate_.audit_log == nullptr) return;
  AuditEntry entry(kMethodNames[static_cast<size_t>(method_)], caller_.id,
                   TraceParentOf(context_));
  add_proofs(entry);
  gate_.audit_log->Write(std::move(entry).Finish(status));
}

}  // namespace proofmint::service
