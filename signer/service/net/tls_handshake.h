// Makes TLS handshakes in memory, to learn whether those of clients would
// succeed.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_HANDSHAKE_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_HANDSHAKE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/service/net/openssl.h"

namespace proofmint::service {

// DefaultSecurityLevel returns OpenSSL's security level for new connections,
// which the system's configuration can set; Debian's default is 2.
// Thread-safe.
absl::StatusOr<int> DefaultSecurityLevel();

// TryHandshakes makes a handshake of TLS 1.2 and one of TLS 1.3 with the
// settings that gRPC 1.51 gives to OpenSSL for `chain`, its `key` and the
// `authorities` of client certificates. The client has no certificate, which
// this server accepts, and verifies none: CheckChain does. After a success, the
// same handshakes succeed in gRPC.
//
// Fails with FAILED_PRECONDITION, naming the flag, the version of TLS and
// OpenSSL's reason. Thread-safe.
absl::Status TryHandshakes(const CertificateChain& chain, EVP_PKEY& key,
                           const CertificateChain& authorities);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_HANDSHAKE_H_
