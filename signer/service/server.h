// The gRPC server: sockets in, services behind them.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_H_

#include <grpcpp/server.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"
#include "signer/service/clock.h"
#include "signer/service/listen_address.h"
#include "signer/service/proof_signer_service.h"
#include "signer/service/unix_listener.h"

namespace proofmint::service {

struct ServerOptions {
  std::vector<ListenAddress> listen;
  bool enable_reflection = false;
  crypto::Kernel kernel = crypto::DefaultKernel();
  // Keys kept ready for each algorithm; 0 mints on demand.
  size_t key_pool_capacity = keys::KeyPoolOptions().capacity;
};

// Server serves ProofSigner and the standard health service ("" and
// "proofmint.v1.ProofSigner") from the moment it exists until it is stopped.
//
// Not thread-safe; its services are.
class Server {
 public:
  // Start binds every address of `options` or fails, naming the one that it
  // cannot have. `entropy` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, crypto::Entropy& entropy, Clock clock);

  // Stops at once if Stop() has not been called.
  ~Server();

  // Where clients reach the server, in the form that gRPC clients take and with
  // the ports that were chosen for 0.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // What the key pool got of what the options asked for.
  const keys::KeyPool& key_pool() const { return *key_pool_; }

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when all are gone.
  void Stop(absl::Duration grace);

 private:
  Server(std::unique_ptr<keys::KeyPool> key_pool, ProofMinter minter)
      : key_pool_(std::move(key_pool)), service_(std::move(minter)) {}

  std::unique_ptr<keys::KeyPool> key_pool_;
  ProofSignerService service_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_H_
