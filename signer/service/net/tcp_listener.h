// Listens on a TCP port in place of gRPC, whose listeners never accept again
// after descriptors ran out.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TCP_LISTENER_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TCP_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/accept_loop.h"

namespace proofmint::service {

// TcpListener holds a listening TCP socket and accepts its connections on a
// thread of its own, an AcceptLoop's. Not thread-safe, except that the callback
// of Start runs on that thread.
class TcpListener {
 public:
  // Bind binds `host_port`, as ParseListenAddress returns it, alone: no other
  // socket can share the port. Clients may connect from now on and wait in the
  // backlog. "[::]:PORT" is for IPv4, too, "0.0.0.0:PORT" for IPv4 alone.
  // Fails with INVALID_ARGUMENT if it is no numeric address and port,
  // ALREADY_EXISTS if it cannot be bound, and as
  // base::ErrnoStatus otherwise.
  static absl::StatusOr<std::unique_ptr<TcpListener>> Bind(
      const std::string& host_port);

  // Stops accepting. Connections that are still in the backlog are passed to
  // the callback, on the calling thread.
  ~TcpListener();

  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  // Returns the address that clients connect to, with the port that was chosen
  // for 0.
  const std::string& host_port() const { return host_port_; }

  // Start hands every new connection, non-blocking, close-on-exec and without
  // delay of small packets, to `on_connection`, unless it has been reset
  // already. To be called once. Fails as AcceptLoop::Start does.
  absl::Status Start(
      std::function<void(base::UniqueFd connection)> on_connection);

 private:
  TcpListener(std::string host_port, std::unique_ptr<AcceptLoop> loop);

  const std::string host_port_;
  const std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TCP_LISTENER_H_
