#include "signer/service/rpc/service_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "signer/base/status_macros.h"
#include "signer/service/rpc/gpr_time.h"

namespace proofmint::service {
namespace {

absl::string_view TraceParentOf(const grpc::ServerContext& context) {
  auto found = context.client_metadata().find("traceparent");
  if (found == context.client_metadata().end()) return "";
  return {found->second.data(), found->second.size()};
}

}  // namespace

void ServiceCall::Received() {
  caller_ = frontend_.callers.Of(context_);
  call_ = {caller_.id, arrived(),
           std::min(MonotonicTimeOf(context_.raw_deadline()),
                    arrived() + frontend_.max_deadline)};
  if (frontend_.fault_delay > absl::ZeroDuration() &&
      frontend_.state.serving()) {
    delay_ = std::make_unique<Delay>(*this);
    delay_->alarm.Set(queue_.events.get(), GprTimeAfter(frontend_.fault_delay),
                      delay_->tag());
    return;
  }
  Begin();
}

void ServiceCall::Begin() {
  if (!caller_.allowed) {
    return Refuse(CallerNotAllowedError(
        caller_.id == kUnknownCaller ? absl::string_view() : caller_.id));
  }
  absl::Status state = frontend_.state.Check();
  if (!state.ok()) return Refuse(state);
  Serve();
}

absl::Status ServiceCall::Admit(size_t proofs) {
  const absl::Duration now = base::MonotonicNow();
  if (call_.deadline <= now + queue_.mints.ExpectedWait()) {
    return DeadlineTooShortError();
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      ticket_, frontend_.admission.Admit(caller_.id, proofs, now));
  return absl::OkStatus();
}

void ServiceCall::Record(const absl::Status& status) {
  ticket_.Release();
  queue_.stats.CountCall(method_, status.code());
  if (frontend_.audit_log == nullptr) return;
  AuditEntry entry(kMethodNames[static_cast<size_t>(method_)], caller_.id,
                   TraceParentOf(context_));
  Describe(entry);
  frontend_.audit_log->Write(std::move(entry).Finish(status));
}

}  // namespace proofmint::service
