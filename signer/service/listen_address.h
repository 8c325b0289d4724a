// Where the server listens.

#ifndef PROOFMINT_SIGNER_SERVICE_LISTEN_ADDRESS_H_
#define PROOFMINT_SIGNER_SERVICE_LISTEN_ADDRESS_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::service {

// Where the server listens, and clients look for it, unless told otherwise; and
// the folder of that socket.
inline constexpr char kDefaultDirectory[] = "/run/proofmint";
inline constexpr char kDefaultAddress[] = "unix:/run/proofmint/proofmintd.sock";

// UnixAddress is the path of a Unix socket.
struct UnixAddress {
  std::string path;
};

// LoopbackAddress is a TCP address of this host in the form that gRPC takes,
// such as "127.0.0.1:8080" or "[::1]:8080". Port 0 means any free port.
struct LoopbackAddress {
  std::string host_port;
};

using ListenAddress = std::variant<UnixAddress, LoopbackAddress>;

// ParseListenAddress reads "unix:PATH", "127.0.0.1:PORT" (any address of
// 127.0.0.0/8) or "[::1]:PORT". Fails with INVALID_ARGUMENT for anything else:
// the connections are not encrypted, so they may not leave the host.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// ParseLoopbackAddress reads the TCP forms alone. Errors begin with `flag`.
absl::StatusOr<LoopbackAddress> ParseLoopbackAddress(absl::string_view flag,
                                                     absl::string_view text);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_LISTEN_ADDRESS_H_
