#include "signer/service/server/server.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/limits.h"
#include "signer/service/mint/self_check.h"

namespace proofmint::service {
namespace {

constexpr absl::Duration kPeriodicTasksInterval = absl::Seconds(1);

// How long after the latest deadline a call without an answer is cut off.
constexpr absl::Duration kCutOffGrace = absl::Seconds(1);

constexpr absl::Duration kDrainPollInterval = absl::Milliseconds(2);

absl::Status ValidateAdmission(const AdmissionOptions& options) {
  if (options.max_in_flight < kMaxBatchSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_in_flight: got ", options.max_in_flight,
                     ", want at least a batch of ", kMaxBatchSize));
  }
  if (options.caller_rate > 0 && options.caller_burst < kMaxBatchSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("caller_burst: got ", options.caller_burst,
                     ", want at least a batch of ", kMaxBatchSize));
  }
  return absl::OkStatus();
}

// Returns the reloaders of a server; `tls` may be null.
std::vector<Reloader*> Reloaders(Reloader& keks, TlsCredentials* tls) {
  std::vector<Reloader*> reloaders = {&keks};
  if (tls != nullptr) reloaders.push_back(&tls->reloader());
  return reloaders;
}

}  // namespace

// The parts whose construction can fail.
struct Server::Parts {
  std::unique_ptr<keys::KeyPool> key_pool;
  std::unique_ptr<keys::KeyHandles> key_handles;
  std::unique_ptr<TlsCredentials> tls;
  std::unique_ptr<AuditLog> audit_log;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, crypto::Entropy& entropy, base::Clock clock) {
  PROOFMINT_RETURN_IF_ERROR(ValidateAdmission(options.admission));
  PROOFMINT_RETURN_IF_ERROR(ValidateCallerPolicy(options.callers));
  Parts parts;
  PROOFMINT_ASSIGN_OR_RETURN(
      parts.key_pool,
      keys::KeyPool::New(
          {.kernel = options.kernel, .capacity = options.key_pool_capacity},
          entropy));
  PROOFMINT_ASSIGN_OR_RETURN(
      parts.key_handles, keys::KeyHandles::New(options.key_handles, entropy));
  if (options.tls.has_value()) {
    PROOFMINT_ASSIGN_OR_RETURN(parts.tls, TlsCredentials::Load(*options.tls));
  }
  if (!options.audit_log.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(parts.audit_log,
                               AuditLog::Open(options.audit_log));
  }
  std::unique_ptr<Server> server(
      new Server(options, std::move(parts), entropy, std::move(clock)));
  if (options.require_memory_lock && !server->memory_locked()) {
    return absl::FailedPreconditionError(
        "require_memory_lock: memory for keys could not be locked; "
        "RLIMIT_MEMLOCK is too low");
  }
  server->upkeep_.RunSelfCheck();
  GrpcServerOptions grpc_options;
  grpc_options.listen = options.listen;
  grpc_options.enable_reflection = options.enable_reflection;
  grpc_options.allow_insecure_loopback = options.allow_insecure_loopback;
  grpc_options.max_connection_age = options.max_connection_age;
  grpc_options.callers = &server->callers_;
  grpc_options.limits = &server->connection_limits_;
  grpc_options.guard = &server->connection_guard_;
  grpc_options.tls = server->tls_.get();
  PROOFMINT_ASSIGN_OR_RETURN(
      server->grpc_server_,
      GrpcServer::Start(grpc_options,
                        {&server->proof_signer_, &server->readiness_.health()},
                        &server->call_loop_));
  if (options.metrics_listen.has_value()) {
    const ServiceMetricSources sources = {
        .calls = server->call_loop_.stats(),
        .state = server->readiness_.state(),
        .admission = server->admission_,
        .unread_answers = server->call_loop_.unread_answers(),
        .connections = server->connections_,
        .connection_limits = server->connection_limits_,
        .self_checks = server->upkeep_.self_checks(),
        .reloaders = Reloaders(server->kek_reloader_, server->tls_.get()),
        .audit_log = server->audit_log_.get(),
        .tls = server->tls_.get()};
    PROOFMINT_ASSIGN_OR_RETURN(
        server->metrics_server_,
        MetricsServer::Start(*options.metrics_listen,
                             {NewProcessMetrics(),
                              NewKeyMetrics(options.kernel, *server->key_pool_),
                              NewServiceMetrics(sources)}));
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      server->periodic_tasks_,
      PeriodicTasks::Start(kPeriodicTasksInterval, [server = server.get()] {
        server->upkeep_.RunPeriodicTasks();
        server->connection_guard_.CloseStalled();
        server->grpc_server_->MaintainSockets();
      }));
  return server;
}

Server::Server(const ServerOptions& options, Parts parts,
               crypto::Entropy& entropy, base::Clock clock)
    : key_pool_(std::move(parts.key_pool)),
      key_handles_(std::move(parts.key_handles)),
      tls_(std::move(parts.tls)),
      audit_log_(std::move(parts.audit_log)),
      connection_limits_(options.connection_limits, connections_),
      callers_(options.callers),
      connection_guard_({.identify =
                             [this](const ClientCertificate& certificate) {
                               Caller caller = callers_.OfCertificate(
                                   certificate.uris, certificate.dns_names);
                               return CertificateCaller{
                                   .id = std::move(caller.id),
                                   .allowed = caller.allowed};
                             },
                         .penalized =
                             [this](absl::string_view caller) {
                               return connection_limits_.Penalized(caller);
                             },
                         .penalize =
                             [this](absl::string_view caller) {
                               connection_limits_.Penalize(caller);
                             }},
                        connections_),
      admission_(options.admission),
      minter_(options.kernel, *key_pool_, *key_handles_, entropy,
              std::move(clock), options.faults),
      proof_signer_(options.kernel, {.callers = callers_,
                                     .state = readiness_.state(),
                                     .admission = admission_,
                                     .audit_log = audit_log_.get(),
                                     .max_deadline = options.max_deadline,
                                     .fault_delay = options.faults.delay}),
      call_loop_(
          minter_, CallLoop::DefaultThreads(),
          [this](CallQueue& queue) {
            proof_signer_.AwaitCalls(queue);
            readiness_.health().AwaitCalls(queue);
          },
          options.max_deadline + options.faults.delay + kCutOffGrace),
      upkeep_({.self_check = [this] { return CheckMinter(minter_); },
               .self_check_interval = options.self_check_interval,
               .reloaders = Reloaders(kek_reloader_, tls_.get())},
              readiness_) {}

bool Server::memory_locked() const {
  return key_pool_->memory_locked() && key_handles_->memory_locked();
}

void Server::Drain(absl::Duration lame_duck, absl::Duration limit) {
  const absl::Duration begin = base::MonotonicNow();
  readiness_.Drain(begin + lame_duck);
  grpc_server_->ReleaseSystemdSockets();
  for (;;) {
    const absl::Duration passed = base::MonotonicNow() - begin;
    if (passed >= limit ||
        (passed >= lame_duck && admission_.in_flight() == 0)) {
      break;
    }
    absl::SleepFor(kDrainPollInterval);
  }
}

void Server::Stop(absl::Duration grace) {
  periodic_tasks_ = nullptr;
  readiness_.health().Shutdown();
  grpc_server_->Stop(grace);
}

}  // namespace proofmint::service
