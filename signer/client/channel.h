// Makes the gRPC channel to the signer.

#ifndef PROOFMINT_SIGNER_CLIENT_CHANNEL_H_
#define PROOFMINT_SIGNER_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/client/signer_client.h"

namespace proofmint::client {

// How often the files of TLS are read again.
inline constexpr absl::Duration kTlsRefreshInterval = absl::Minutes(1);

// CheckTarget fails with INVALID_ARGUMENT if `target` cannot be one: it is
// empty, ends where an address should begin, has other than visible ASCII, or
// is the path of a file. Thread-safe.
absl::Status CheckTarget(const std::string& target);

// NewChannel returns a channel to `target`, which is not empty. It connects
// with the first call. Calls wait while there is no connection, and gRPC's
// retry policy is not used, since the client retries requests rather than RPCs.
//
// The channel rotates among the addresses of `target` and leaves out those
// whose health service says NOT_SERVING, except for a Unix socket, which has no
// other to turn to.
//
// Fails with INVALID_ARGUMENT, naming the option, if `target` cannot be one or
// a file of `tls` cannot be read. `tls_refresh_interval` is in whole seconds.
// Thread-safe.
absl::StatusOr<std::shared_ptr<grpc::Channel>> NewChannel(
    const std::string& target, const std::optional<TlsFiles>& tls,
    absl::Duration tls_refresh_interval = kTlsRefreshInterval);

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_CHANNEL_H_
