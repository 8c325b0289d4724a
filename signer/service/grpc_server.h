// The gRPC server: sockets in, a service behind them.

#ifndef PROOFMINT_SIGNER_SERVICE_GRPC_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_GRPC_SERVER_H_

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/service/call_loop.h"
#include "signer/service/listen_address.h"
#include "signer/service/unix_listener.h"

namespace proofmint::service {

struct GrpcServerOptions {
  std::vector<ListenAddress> listen;
  bool enable_reflection = false;
};

// GrpcServer serves from the moment it exists until it is stopped.
//
// Not thread-safe; its services are.
class GrpcServer {
 public:
  // Start binds every address of `options` or fails, naming the one that it
  // cannot have. `loop` answers the calls of `services` that do not come by
  // callback; null if all do. All must outlive the server.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options,
      const std::vector<grpc::Service*>& services, CallLoop* loop);

  // Stops at once if Stop() has not been called.
  ~GrpcServer();

  // Where clients reach the server, in the form that gRPC clients take and with
  // the ports that were chosen for 0.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when all are gone.
  void Stop(absl::Duration grace);

 private:
  explicit GrpcServer(CallLoop* loop) : loop_(loop) {}

  CallLoop* const loop_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GRPC_SERVER_H_
