// Sends what gRPC and protobuf log to the daemon's own log.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_

namespace proofmint::service {

// CaptureLibraryLogs makes gRPC write its errors as lines of our log, at most
// ten a second and without any text that a client sent. Failed TLS handshakes
// are counted instead of logged. It silences protobuf, because the response
// already tells a caller that its message does not parse. So no peer can fill
// the log. LogDropped counts the lines that are left out. Call it before either
// library is used.
void CaptureLibraryLogs();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_LIBRARY_LOGS_H_
