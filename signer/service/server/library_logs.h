// Sends what gRPC and protobuf log to the daemon's own log.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_

namespace proofmint::service {

// CaptureLibraryLogs makes gRPC write its errors as our log lines, at most ten
// a second and without any text that a client sent; failed TLS handshakes are
// counted instead. It silences protobuf: a caller whose message does not parse
// is told so in the answer. So no peer can fill the log. The lines left out
// count as LogDropped. Call it before either library is used.
void CaptureLibraryLogs();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_
