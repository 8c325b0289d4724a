// Serves gRPC services on Unix sockets, TCP ports and sockets from systemd.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/service/gate/caller.h"
#include "signer/service/net/connection_guard.h"
#include "signer/service/net/connection_limits.h"
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
  // The credentials of all other TCP addresses; null if there are none. Must
  // outlive the server.
  TlsCredentials* tls = nullptr;
  // Identifies the peers of Unix connections as they are accepted; may be null.
  // Must outlive the server.
  Callers* callers = nullptr;
  // Decides which accepted connections are served; null: all. Must outlive the
  // server.
  ConnectionLimits* limits = nullptr;
  // Watches the connections, those of Unix sockets only with `callers`; null:
  // none is watched, and every client certificate is good that is of an
  // authority. Must outlive the server.
  ConnectionGuard* guard = nullptr;
  // How long a connection may last where TCP is served with TLS, give or take
  // 10 %. The client then reconnects, perhaps to another replica, and presents
  // its certificate again. Calls in flight have kConnectionAgeGrace to end.
  absl::Duration max_connection_age = absl::Minutes(10);
};

// Limits of one connection: its calls in flight, and the size of a message.
inline constexpr int kMaxConcurrentStreams = 256;
inline constexpr int kMaxMessageSize = 1 << 20;  // bytes
inline constexpr absl::Duration kConnectionAgeGrace = absl::Seconds(30);

// GrpcServer serves from the moment it exists until it is stopped. Calls whose
// message is compressed are answered UNIMPLEMENTED and never unpacked. Each
// listening socket has an accept loop with a thread of its own; calls are read
// and answered on the threads of the CallLoop.
//
// Not thread-safe, except for MaintainSockets; its services are.
class GrpcServer {
 public:
  // Start binds every address of `options`. It fails with the name of an
  // address that cannot be bound, or of the flag that an address needs: a TCP
  // address that is not served in plaintext needs `tls`, and callers with
  // allowed_sans. It fails, too, with the name of an address whose TLS
  // handshakes gRPC does not answer, and with INTERNAL if there is a guard and
  // it does not see what gRPC reads and writes in this process. `loop` answers
  // the calls of those `services` that do not use the callback API; null if all
  // use it. All must outlive the server.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options,
      const std::vector<grpc::Service*>& services, CallLoop* loop);

  // Stops without grace if Stop() has not been called.
  ~GrpcServer();

  // Returns the addresses that clients connect to, as gRPC targets. Port 0 is
  // replaced by the port that the system chose.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // ReleaseSystemdSockets stops accepting at the sockets that came from
  // systemd: new connections wait in their backlogs for the next server. Open
  // connections stay.
  void ReleaseSystemdSockets();

  // MaintainSockets makes Unix sockets again whose files have been removed, as
  // UnixListener::Maintain does. May be called by one other thread.
  void MaintainSockets();

  // StopListening closes all listening sockets, so that another server can bind
  // their addresses. Open connections stay.
  void StopListening();

  // Stop refuses new connections and calls, gives calls in flight up to `grace`
  // to end, cancels the rest and returns when the last call has ended.
  void Stop(absl::Duration grace);

 private:
  explicit GrpcServer(CallLoop* loop) : loop_(loop) {}

  void AddUnixListener(std::unique_ptr<UnixListener> listener);

  CallLoop* const loop_;
  std::unique_ptr<grpc::Server> server_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_
      ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<TcpListener>> tcp_listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_GRPC_SERVER_H_
