// Turns the resumption of TLS sessions off.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_RESUMPTION_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_RESUMPTION_H_

namespace proofmint::service {

// ForbidTlsResumption makes every later TLS session of the process a full
// handshake: no tickets, and no cache of session ids. A session that is resumed
// is not verified again, so that a client would be served after its certificate
// has expired or its authority has been removed. gRPC 1.51 has no argument for
// it.
//
// It applies to the SSL_CTX and SSL objects of the system's OpenSSL that are
// made after it. Calling it again does nothing. Thread-safe.
void ForbidTlsResumption();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_RESUMPTION_H_
