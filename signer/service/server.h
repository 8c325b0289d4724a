// What the daemon runs: keys, the RPCs that take them, and the sockets.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"
#include "signer/service/call_loop.h"
#include "signer/service/clock.h"
#include "signer/service/grpc_server.h"
#include "signer/service/health_service.h"
#include "signer/service/listen_address.h"
#include "signer/service/metrics_server.h"
#include "signer/service/proof_minter.h"
#include "signer/service/proof_signer_service.h"

namespace proofmint::service {

struct ServerOptions {
  std::vector<ListenAddress> listen;
  bool enable_reflection = false;
  crypto::Kernel kernel = crypto::DefaultKernel();
  // Keys kept ready for each algorithm; 0 mints on demand.
  size_t key_pool_capacity = keys::KeyPoolOptions().capacity;
  // Where Prometheus scrapes; none: nowhere.
  std::optional<LoopbackAddress> metrics_listen;
};

// Server serves ProofSigner and the standard health service ("" and
// "proofmint.v1.ProofSigner") from the moment it exists until it is stopped,
// and metrics as long as it exists.
//
// Not thread-safe; its services are.
class Server {
 public:
  // Start binds every address of `options` or fails, naming the one that it
  // cannot have. `entropy` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, crypto::Entropy& entropy, Clock clock);

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

  // What clients are told of the server's health.
  HealthService& health() { return health_; }

  // What the key pool got of what the options asked for.
  const keys::KeyPool& key_pool() const { return *key_pool_; }

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when all are gone. The destructor
  // stops at once what has not been stopped.
  void Stop(absl::Duration grace);

 private:
  Server(std::unique_ptr<keys::KeyPool> key_pool, ProofMinter minter);

  // Each uses those above it.
  std::unique_ptr<keys::KeyPool> key_pool_;
  ProofMinter minter_;
  ProofSignerService proof_signer_;
  HealthService health_;
  CallLoop call_loop_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<GrpcServer> grpc_server_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_H_
