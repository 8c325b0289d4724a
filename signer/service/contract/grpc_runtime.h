// Starts gRPC's runtime, for servers and clients alike.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_GRPC_RUNTIME_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_GRPC_RUNTIME_H_

#include <grpc/grpc.h>

namespace proofmint::service {

// KeepGrpcInitialized initializes gRPC for the lifetime of the process. Call it
// before the first gRPC object is made. Without it gRPC 1.51 shuts down with
// its last object and now and then waits 10 s for a thread of its own.
// Idempotent; thread-safe.
inline void KeepGrpcInitialized() { grpc_init(); }

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_GRPC_RUNTIME_H_
