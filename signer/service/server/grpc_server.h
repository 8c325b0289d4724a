// The gRPC server: sockets in, a service behind them.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/service/gate/caller.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/net/tcp_listener.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/net/unix_listener.h"
#include "signer/service/rpc/call_loop.h"

namespace proofmint::service {

struct GrpcServerOptions {
  std::vector<ListenAddress> listen;
  bool enable_reflection = false;
  // Serve TCP addresses of loopback in plaintext, to every process of the host.
  bool allow_insecure_loopback = false;
  // What all other TCP addresses are served with; null: there are none. Must
  // outlive the server.
  TlsCredentials* tls = nullptr;
  // Is told of every Unix connection; null: nobody is. Must outlive the server.
  Callers* callers = nullptr;
  // How long a connection may last where TCP is served with TLS, give or take a
  // tenth: the client connects anew, perhaps to another replica, and shows its
  // certificate again. Calls in flight may go on for kConnectionAgeGrace.
  absl::Duration max_connection_age = absl::Minutes(10);
};

// What one connection may have in flight, and one message may measure.
inline constexpr int kMaxConcurrentStreams = 256;
inline constexpr int kMaxMessageSize = 1 << 20;  // bytes
inline constexpr absl::Duration kConnectionAgeGrace = absl::Seconds(30);

// GrpcServer serves from the moment it exists until it is stopped.
//
// Not thread-safe; its services are.
class GrpcServer {
 public:
  // Start binds every address of `options` or fails, naming the one that it
  // cannot have, or the flag without which it does not serve one: a TCP address
  // that is not to be served in plaintext needs `tls` and callers with
  // allowed_sans. `loop` answers the calls of `services` that do not come by
  // callback; null if all do. All must outlive the server.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options,
      const std::vector<grpc::Service*>& services, CallLoop* loop);

  // Stops at once if Stop() has not been called.
  ~GrpcServer();

  // Where clients reach the server, in the form that gRPC clients take and with
  // the ports that were chosen for 0.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // ReleaseSystemdSockets stops accepting at the sockets that came from
  // systemd: new connections wait there for the next server. Clients that have
  // connected are served on.
  void ReleaseSystemdSockets();

  // StopListening gives all sockets and ports up, so that another server can
  // bind them; clients that have connected are served on.
  void StopListening();

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when all are gone.
  void Stop(absl::Duration grace);

 private:
  explicit GrpcServer(CallLoop* loop) : loop_(loop) {}

  void AddUnixListener(std::unique_ptr<UnixListener> listener);

  CallLoop* const loop_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_;
  std::vector<std::unique_ptr<TcpListener>> tcp_listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_
