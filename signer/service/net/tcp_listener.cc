#include "signer/service/net/tcp_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"

namespace proofmint::service {
namespace {

// A connection ends when what was sent on it is not acknowledged for so long;
// gRPC's listeners and clients do the same.
constexpr int kUserTimeoutMilliseconds = 20'000;

// What the kernel may hold of answers that a peer does not read, in bytes. It
// doubles the figure, which makes it as much as for a Unix socket. By default
// it holds up to 4 MB for each connection, and counts them as memory of the
// unit.
constexpr int kSendBufferSize = 128 << 10;

union SocketAddress {
  sockaddr any;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
};

absl::Status SystemError(absl::string_view host_port, absl::string_view call) {
  return base::ErrnoStatus("listen: ", call, " ", host_port);
}

// Says from errno why `host_port` cannot be bound.
absl::Status BindError(absl::string_view host_port) {
  if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) {
    return absl::AlreadyExistsError(absl::StrCat(
        "listen: got ", host_port,
        ", which cannot be bound, want an address of this host",
        absl::StartsWith(host_port, "[") ? ", and a host with IPv6" : ""));
  }
  return absl::AlreadyExistsError(
      absl::StrCat("listen: got ", host_port,
                   ", which cannot be bound, want a free port of this host"));
}

absl::StatusOr<SocketAddress> Parse(const std::string& host_port) {
  SocketAddress address = {};
  const size_t colon = host_port.rfind(':');
  uint32_t port;
  if (colon != std::string::npos &&
      absl::SimpleAtoi(absl::string_view(host_port).substr(colon + 1), &port) &&
      port <= 65535) {
    const std::string host = host_port.substr(0, colon);
    if (inet_pton(AF_INET, host.c_str(), &address.ipv4.sin_addr) == 1) {
      address.ipv4.sin_family = AF_INET;
      address.ipv4.sin_port = htons(static_cast<uint16_t>(port));
      return address;
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
        inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(),
                  &address.ipv6.sin6_addr) == 1) {
      address.ipv6.sin6_family = AF_INET6;
      address.ipv6.sin6_port = htons(static_cast<uint16_t>(port));
      return address;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("listen: got ", host_port,
                   ", want a numeric address and a port such as "
                   "127.0.0.1:PORT or [::1]:PORT"));
}

bool Set(const base::UniqueFd& fd, int level, int option, int value) {
  return setsockopt(fd.get(), level, option, &value, sizeof(value)) == 0;
}

// Sets what accepted connections inherit, and how the port may be shared.
absl::Status SetOptions(const base::UniqueFd& fd, sa_family_t family,
                        absl::string_view host_port) {
  // SO_REUSEADDR shares the port with the connections of a server that is gone;
  // two listening sockets cannot share it.
  if (!Set(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
      !Set(fd, IPPROTO_TCP, TCP_NODELAY, 1) ||
      !Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMilliseconds) ||
      !Set(fd, SOL_SOCKET, SO_SNDBUF, kSendBufferSize) ||
      // The host's default may be otherwise.
      (family == AF_INET6 && !Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0))) {
    return SystemError(host_port, "setsockopt");
  }
  return absl::OkStatus();
}

// The address of `socket`, which was bound to `host_port`, with its real port.
absl::StatusOr<std::string> BoundHostPort(const base::UniqueFd& socket,
                                          const std::string& host_port) {
  SocketAddress address = {};
  socklen_t size = sizeof(address);
  if (getsockname(socket.get(), &address.any, &size) != 0) {
    return SystemError(host_port, "getsockname");
  }
  const in_port_t port = address.any.sa_family == AF_INET
                             ? address.ipv4.sin_port
                             : address.ipv6.sin6_port;
  return absl::StrCat(host_port.substr(0, host_port.rfind(':')), ":",
                      ntohs(port));
}

// Returns whether the peer is still connected. If not, gRPC would log an error,
// and any client could fill the log with it.
bool IsConnected(const base::UniqueFd& connection) {
  SocketAddress peer;
  socklen_t size = sizeof(peer);
  return getpeername(connection.get(), &peer.any, &size) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TcpListener>> TcpListener::Bind(
    const std::string& host_port) {
  PROOFMINT_ASSIGN_OR_RETURN(SocketAddress address, Parse(host_port));
  const sa_family_t family = address.any.sa_family;
  base::UniqueFd listening(
      socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listening.valid()) {
    if (errno == EAFNOSUPPORT) return BindError(host_port);
    return SystemError(host_port, "socket");
  }
  PROOFMINT_RETURN_IF_ERROR(SetOptions(listening, family, host_port));
  const socklen_t size =
      family == AF_INET ? sizeof(address.ipv4) : sizeof(address.ipv6);
  // If two sockets are bound at the same moment, listen() fails for the second.
  if (bind(listening.get(), &address.any, size) != 0 ||
      listen(listening.get(), SOMAXCONN) != 0) {
    return BindError(host_port);
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::string bound,
                             BoundHostPort(listening, host_port));
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<AcceptLoop> loop,
                             AcceptLoop::New(std::move(listening)));
  return std::unique_ptr<TcpListener>(
      new TcpListener(std::move(bound), std::move(loop)));
}

TcpListener::TcpListener(std::string host_port,
                         std::unique_ptr<AcceptLoop> loop)
    : host_port_(std::move(host_port)), loop_(std::move(loop)) {}

TcpListener::~TcpListener() { loop_->HandOverBacklog(); }

absl::Status TcpListener::Start(
    std::function<void(base::UniqueFd)> on_connection) {
  return loop_->Start(
      [on_connection = std::move(on_connection)](base::UniqueFd connection) {
        if (IsConnected(connection)) on_connection(std::move(connection));
      });
}

}  // namespace proofmint::service
