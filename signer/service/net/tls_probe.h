// Finds out whether a server answers TLS handshakes.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_PROBE_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_PROBE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {

// ExpectServerHello sends the first message of a TLS handshake on `connection`
// and waits up to `limit` for the server's, with which the handshake is left.
// Fails with UNAVAILABLE if the server closes the connection, sends something
// else, or nothing. Thread-safe.
absl::Status ExpectServerHello(const base::UniqueFd& connection,
                               absl::Duration limit);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_PROBE_H_
