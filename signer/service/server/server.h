// What the daemon runs: keys, the RPCs that take them, and the sockets.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_SERVER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_handles.h"
#include "signer/keys/key_pool.h"
#include "signer/service/gate/admission.h"
#include "signer/service/gate/caller.h"
#include "signer/service/metrics/metrics_server.h"
#include "signer/service/mint/faults.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/observe/audit_log.h"
#include "signer/service/observe/reloader.h"
#include "signer/service/rpc/call_loop.h"
#include "signer/service/rpc/proof_signer_service.h"
#include "signer/service/server/grpc_server.h"
#include "signer/service/server/periodic_tasks.h"
#include "signer/service/server/readiness.h"
#include "signer/service/server/upkeep.h"

namespace proofmint::service {

struct ServerOptions {
  std::vector<ListenAddress> listen;
  bool enable_reflection = false;
  crypto::Kernel kernel = crypto::DefaultKernel();
  // Keys kept ready for each algorithm; 0 mints on demand.
  size_t key_pool_capacity = keys::KeyPoolOptions().capacity;
  // Fail rather than keep keys in memory that may be swapped out.
  bool require_memory_lock = false;
  keys::KeyHandlesOptions key_handles;
  // Who may call. TCP is for callers of `tls` alone, but for loopback addresses
  // if plaintext is allowed there.
  CallerPolicy callers;
  std::optional<TlsPaths> tls;
  bool allow_insecure_loopback = false;
  // TCP clients are asked to connect anew after this.
  absl::Duration max_connection_age = absl::Minutes(10);
  AdmissionOptions admission = {
      .max_in_flight = 4096 * static_cast<size_t>(CallLoop::DefaultThreads())};
  // A caller's deadline counts as at most this.
  absl::Duration max_deadline = absl::Seconds(10);
  // Where Prometheus scrapes; none: nowhere.
  std::optional<LoopbackAddress> metrics_listen;
  // Where a line is written for each call, "-" for standard error; empty:
  // nowhere.
  std::string audit_log;
  Faults faults;
  // How often a server that is ready makes and verifies proofs of its own.
  absl::Duration self_check_interval = absl::Seconds(10);
};

// Server answers ProofSigner's calls and the standard health service's from the
// moment it exists until it is stopped, and metrics as long as it exists.
//
// It is ready, and healthy as "" and "proofmint.v1.ProofSigner", once it has
// made and verified proofs of its own, which it tries before the first call and
// repeats. A proof that is wrong ends its service for good.
//
// Not thread-safe; its services are.
class Server {
 public:
  // Start binds every address of `options` or fails, naming the one that it
  // cannot have, or as base::Thread::Start does. `entropy` must outlive the
  // server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, crypto::Entropy& entropy,
      base::Clock clock);

  // Where clients reach the server, in the form that gRPC clients take and with
  // the ports that were chosen for 0.
  const std::vector<std::string>& addresses() const {
    return grpc_server_->addresses();
  }

  // Where the metrics are, such as "127.0.0.1:9464", with the port that was
  // chosen for 0; empty if the options asked for none.
  std::string metrics_address() const {
    return metrics_server_ == nullptr ? "" : metrics_server_->address();
  }

  // Whether calls are served.
  bool serving() const { return readiness_.ready(); }

  // What clients are told of the server's health.
  HealthService& health() { return readiness_.health(); }

  // What the key pool got of what the options asked for.
  const keys::KeyPool& key_pool() const { return *key_pool_; }

  // Whether all memory in which keys wait is locked.
  bool memory_locked() const;

  // Drain answers new calls with DRAINING, is not healthy any more, and returns
  // when `lame_duck` has passed and no call is in flight, or after `limit`.
  // Clients that obey the pushback come back when the successor is there.
  void Drain(absl::Duration lame_duck, absl::Duration limit);

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when all are gone. The destructor
  // stops at once what has not been stopped.
  void Stop(absl::Duration grace);

 private:
  struct Parts;

  Server(const ServerOptions& options, Parts parts, crypto::Entropy& entropy,
         base::Clock clock);

  // Each uses those above it.
  const std::unique_ptr<keys::KeyPool> key_pool_;
  const std::unique_ptr<keys::KeyHandles> key_handles_;
  const std::unique_ptr<TlsCredentials> tls_;  // may be null
  const std::unique_ptr<AuditLog> audit_log_;  // may be null
  Callers callers_;
  Readiness readiness_;
  Admission admission_;
  ProofMinter minter_;
  ProofSignerService proof_signer_;
  CallLoop call_loop_;
  Reloader kek_reloader_{"kek_file", [this] { return key_handles_->Reload(); }};
  Upkeep upkeep_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<GrpcServer> grpc_server_;
  std::unique_ptr<PeriodicTasks> periodic_tasks_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_SERVER_H_
