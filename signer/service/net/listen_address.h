// Parses the addresses that the server listens on.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_LISTEN_ADDRESS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_LISTEN_ADDRESS_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::service {

// UnixAddress is the path of a Unix socket.
struct UnixAddress {
  std::string path;
};

// SystemdSockets are the Unix sockets that systemd passed to this process
// (systemd.socket(5)).
struct SystemdSockets {};

// LoopbackAddress is a TCP address of this host in the form that gRPC takes,
// such as "127.0.0.1:8080" or "[::1]:8080". Port 0 means any free port.
struct LoopbackAddress {
  std::string host_port;
};

// TcpAddress is a TCP address in the form that gRPC takes. Port 0 means any
// free port.
struct TcpAddress {
  std::string host_port;
  bool loopback = false;  // 127.0.0.0/8 or ::1: it never leaves the host.
};

using ListenAddress = std::variant<UnixAddress, TcpAddress, SystemdSockets>;

// ParseListenAddress reads "unix:PATH", "systemd", or an IPv4 address or an
// IPv6 address in brackets, followed by ":PORT". Fails with INVALID_ARGUMENT
// for anything else. Host names are refused, because the address that one
// resolves to may change.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// ParseLoopbackAddress reads the TCP forms alone and takes only loopback
// addresses. Errors begin with `flag`.
absl::StatusOr<LoopbackAddress> ParseLoopbackAddress(absl::string_view flag,
                                                     absl::string_view text);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_LISTEN_ADDRESS_H_
