// Puts the parts of the daemon together: keys, RPCs, sockets and metrics.

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
#include "signer/service/net/connection_guard.h"
#include "signer/service/net/connection_limits.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/observe/audit_log.h"
#include "signer/service/observe/connection_record.h"
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
  // Keys kept ready for each algorithm; 0 makes each key on demand.
  size_t key_pool_capacity = keys::KeyPoolOptions().capacity;
  // Makes Start fail if memory for keys cannot be locked, so that keys might be
  // swapped out.
  bool require_memory_lock = false;
  keys::KeyHandlesOptions key_handles;
  // The callers that are allowed. TCP needs `tls`, except on loopback addresses
  // with allow_insecure_loopback.
  CallerPolicy callers;
  std::optional<TlsPaths> tls;
  bool allow_insecure_loopback = false;
  // How long a TLS connection may last; see GrpcServerOptions.
  absl::Duration max_connection_age = absl::Minutes(10);
  AdmissionOptions admission = {
      .max_in_flight = 4096 * static_cast<size_t>(CallLoop::DefaultThreads())};
  ConnectionLimits::Options connection_limits;
  // The longest deadline that a call can have; later ones are cut to it.
  absl::Duration max_deadline = absl::Seconds(10);
  // The address that Prometheus scrapes; without one there are no metrics.
  std::optional<LoopbackAddress> metrics_listen;
  // The file that gets a line for each call; "-" is standard error, and ""
  // turns the audit log off.
  std::string audit_log;
  Faults faults;
  // How often a ready server makes and verifies proofs of its own.
  absl::Duration self_check_interval = absl::Seconds(10);
};

// Server answers calls of ProofSigner and of the standard health service from
// the moment it exists until it is stopped, and scrapes as long as it exists.
// Readiness and Upkeep say when it is ready; it makes the first self-check
// before the first call.
//
// Not thread-safe; its services are. Its threads are those of its parts:
// docs/architecture.md lists them.
class Server {
 public:
  // Start binds every address of `options`. It fails with the name of an
  // address that cannot be bound or an option that is wrong, and as
  // base::Thread::Start does. `entropy` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, crypto::Entropy& entropy,
      base::Clock clock);

  // Returns the addresses that clients connect to, as gRPC targets. Port 0 is
  // replaced by the port that the system chose.
  const std::vector<std::string>& addresses() const {
    return grpc_server_->addresses();
  }

  // Returns the address of the metrics, such as "127.0.0.1:9464", with the port
  // that the system chose for 0; "" without metrics.
  std::string metrics_address() const {
    return metrics_server_ == nullptr ? "" : metrics_server_->address();
  }

  // Returns whether calls are served.
  bool serving() const { return readiness_.ready(); }

  // Returns the health service.
  HealthService& health() { return readiness_.health(); }

  // Returns the key pool, whose size and memory may be less than the options
  // ask for.
  const keys::KeyPool& key_pool() const { return *key_pool_; }

  // Returns whether the memory of the key pool and of the KEKs is locked.
  bool memory_locked() const;

  // Drain makes the server unhealthy, answers new calls with DRAINING, and
  // returns when `lame_duck` has passed and no proof is in flight, or after
  // `limit`. Clients that obey the pushback retry when the successor serves.
  void Drain(absl::Duration lame_duck, absl::Duration limit);

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when the last call has ended. The
  // destructor stops without grace a server that has not been stopped.
  void Stop(absl::Duration grace);

 private:
  struct Parts;

  Server(const ServerOptions& options, Parts parts, crypto::Entropy& entropy,
         base::Clock clock);

  // Each part uses only parts above it.
  const std::unique_ptr<keys::KeyPool> key_pool_;
  const std::unique_ptr<keys::KeyHandles> key_handles_;
  const std::unique_ptr<TlsCredentials> tls_;  // may be null
  const std::unique_ptr<AuditLog> audit_log_;  // may be null
  ConnectionRecord connections_;
  ConnectionLimits connection_limits_;
  Callers callers_;
  ConnectionGuard connection_guard_;
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
