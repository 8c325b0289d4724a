// Gives the log a last line when the process cannot go on.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_LAST_LINE_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_LAST_LINE_H_

namespace proofmint::service {

// LogLastLine has the process log "failed", with the cause, and exit with 1
// when memory runs out, when an exception is not caught, and when a library
// calls abort(), as gRPC does without memory. Without it the process would end
// by a signal, and the log would not say why. Call it once, before the first
// thread is started.
void LogLastLine();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_LAST_LINE_H_
