#include "signer/service/server/server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/limits.h"
#include "signer/service/mint/self_check.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

constexpr absl::Duration kHousekeepingInterval = absl::Seconds(1);

// How long an answer may take to be read, beyond the latest deadline.
constexpr absl::Duration kAnswerLimit = absl::Seconds(1);

// Self-checks that fail in a row before a server that was ready is not any
// more. One may be bad luck, and calls that fail say so themselves.
constexpr int kMaxFailedSelfChecks = 3;

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

}  // namespace

// What may fail to be made.
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
        "require_memory_lock: got memory for keys that may be swapped out, "
        "want a larger RLIMIT_MEMLOCK");
  }
  server->CheckSelf();
  GrpcServerOptions grpc_options;
  grpc_options.listen = options.listen;
  grpc_options.enable_reflection = options.enable_reflection;
  grpc_options.allow_insecure_loopback = options.allow_insecure_loopback;
  grpc_options.max_connection_age = options.max_connection_age;
  grpc_options.callers = &server->callers_;
  grpc_options.tls = server->tls_.get();
  PROOFMINT_ASSIGN_OR_RETURN(
      server->grpc_server_,
      GrpcServer::Start(grpc_options,
                        {&server->proof_signer_, &server->health_},
                        &server->call_loop_));
  if (options.metrics_listen.has_value()) {
    const ServiceMetricSources sources = {
        server->call_loop_.stats(), server->state_,  server->admission_,
        server->callers_,           server->events_, server->audit_log_.get(),
        server->tls_.get()};
    PROOFMINT_ASSIGN_OR_RETURN(
        server->metrics_server_,
        MetricsServer::Start(*options.metrics_listen,
                             {NewProcessMetrics(),
                              NewKeyMetrics(options.kernel, *server->key_pool_),
                              NewServiceMetrics(sources)}));
  }
  server->housekeeping_ = std::make_unique<Housekeeping>(
      kHousekeepingInterval, [server = server.get()] { server->KeepHouse(); });
  return server;
}

Server::Server(const ServerOptions& options, Parts parts,
               crypto::Entropy& entropy, base::Clock clock)
    : self_check_interval_(options.self_check_interval),
      key_pool_(std::move(parts.key_pool)),
      key_handles_(std::move(parts.key_handles)),
      tls_(std::move(parts.tls)),
      audit_log_(std::move(parts.audit_log)),
      callers_(options.callers),
      admission_(options.admission),
      minter_(options.kernel, *key_pool_, *key_handles_, entropy,
              std::move(clock), options.faults),
      proof_signer_(options.kernel, {.callers = callers_,
                                     .state = state_,
                                     .admission = admission_,
                                     .audit_log = audit_log_.get(),
                                     .max_deadline = options.max_deadline,
                                     .fault_delay = options.faults.delay}),
      call_loop_(
          minter_, CallLoop::DefaultThreads(),
          [this](CallQueue& queue) {
            proof_signer_.AwaitCalls(queue);
            health_.AwaitCalls(queue);
          },
          options.max_deadline + options.faults.delay + kAnswerLimit) {
  health_.SetServing(kLiveness, true);
  SetReady(false);
}

bool Server::memory_locked() const {
  return key_pool_->memory_locked() && key_handles_->memory_locked();
}

void Server::SetReady(bool ready) {
  base::MutexLock lock(health_mutex_);
  state_.SetReady(ready);
  TellHealth();
}

void Server::TellHealth() {
  health_.SetServing("", state_.serving());
  health_.SetServing(v1::ProofSigner::service_full_name(), state_.serving());
}

void Server::KeepHouse() {
  if (base::MonotonicNow() >= next_self_check_) CheckSelf();
  ReloadKeks();
  if (tls_ != nullptr) tls_->Refresh();
}

void Server::CheckSelf() {
  const absl::Status status = CheckMinter(minter_);
  const bool was_ready = state_.serving();
  if (status.ok()) {
    events_.self_checks_ok.fetch_add(1);
    failed_self_checks_ = 0;
    next_self_check_ = base::MonotonicNow() + self_check_interval_;
    if (!was_ready) SetReady(true);
    return;
  }
  events_.self_checks_failed.fetch_add(1);
  LogError("self-check failed", {{"error", std::string(status.message())}});
  if (absl::IsInternal(status)) {
    state_.Break();
    next_self_check_ = absl::InfiniteDuration();
  } else if (was_ready && ++failed_self_checks_ < kMaxFailedSelfChecks) {
    return;  // It may pass; the next look is soon.
  }
  SetReady(false);
}

void Server::ReloadKeks() {
  const absl::StatusOr<bool> reloaded = key_handles_->Reload();
  if (!reloaded.ok()) {
    // Once for each time that it goes wrong, not for each look at it.
    if (!std::exchange(keks_failed_, true)) {
      events_.kek_reloads_failed.fetch_add(1);
      LogError("kek_file not reloaded, the old keys stay in use",
               {{"error", std::string(reloaded.status().message())}});
    }
    return;
  }
  keks_failed_ = false;
  if (*reloaded) {
    events_.kek_reloads_ok.fetch_add(1);
    LogInfo("kek_file reloaded");
  }
}

void Server::Drain(absl::Duration lame_duck, absl::Duration limit) {
  const absl::Duration begin = base::MonotonicNow();
  {
    base::MutexLock lock(health_mutex_);
    state_.Drain(begin + lame_duck);
    TellHealth();
  }
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
  housekeeping_ = nullptr;
  health_.Shutdown();
  grpc_server_->Stop(grace);
}

}  // namespace proofmint::service
