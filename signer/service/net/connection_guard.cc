#include "signer/service/net/connection_guard.h"

#include <utility>

#include "signer/service/net/io_hooks.h"

namespace proofmint::service {

ConnectionGuard::ConnectionGuard(Options options, ConnectionRecord& record)
    : options_(std::move(options)),
      record_(record),
      reports_(std::make_shared<GuardReports>(GuardReports::Handlers{
          .closed =
              [this](ConnectionClosure reason, bool flood,
                     absl::string_view caller, absl::string_view peer) {
                Closed(reason, flood, caller, peer);
              },
          .shown =
              [this](const ClientCertificate& certificate) {
                return Admit(certificate);
              },
          .clock = options_.clock})) {}

ConnectionGuard::~ConnectionGuard() { reports_->End(); }

bool ConnectionGuard::AddPlaintext(int fd, std::string caller) {
  return GuardedDescriptor::Open(fd, GuardedDescriptor::Transport::kPlaintext,
                                 std::move(caller), reports_) != nullptr;
}

bool ConnectionGuard::HandOverTls(int fd, std::string address,
                                  absl::FunctionRef<void()> hand_over) {
  GuardedDescriptor* const descriptor = GuardedDescriptor::Open(
      fd, GuardedDescriptor::Transport::kTls, std::move(address), reports_);
  if (descriptor == nullptr) return false;
  const uint64_t generation = descriptor->generation();
  if (!service::HandOverTls(*descriptor, generation, hand_over)) {
    // gRPC has the descriptor, and what it reads could not be judged.
    descriptor->ShutDown(generation);
  }
  return true;
}

void ConnectionGuard::CloseStalled(absl::Duration now) {
  GuardedDescriptor::ForEach([&](GuardedDescriptor& descriptor) {
    descriptor.CloseIfStalled(reports_.get(), kMaxStall, now);
  });
}

void ConnectionGuard::Closed(ConnectionClosure reason, bool flood,
                             absl::string_view caller, absl::string_view peer) {
  record_.Closed(reason, caller);
  if (!flood || !options_.penalize) return;
  options_.penalize(peer);
  if (caller != peer) options_.penalize(caller);
}

std::optional<std::string> ConnectionGuard::Admit(
    const ClientCertificate& certificate) {
  if (!options_.identify) return std::nullopt;
  CertificateCaller caller = options_.identify(certificate);
  std::optional<ConnectionRefusal> refusal;
  if (!certificate.valid_now) {
    refusal = ConnectionRefusal::kCertificateExpired;
  } else if (!caller.allowed) {
    refusal = ConnectionRefusal::kNotAllowed;
  } else if (options_.penalized && options_.penalized(caller.id)) {
    refusal = ConnectionRefusal::kPenalty;
  }
  if (!refusal.has_value()) return std::move(caller.id);
  record_.Refused(*refusal, caller.id);
  return std::nullopt;
}

}  // namespace proofmint::service
