// The RPCs of proofmint.v1.ProofSigner.

#ifndef PROOFMINT_SIGNER_SERVICE_PROOF_SIGNER_SERVICE_H_
#define PROOFMINT_SIGNER_SERVICE_PROOF_SIGNER_SERVICE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/service/proof_minter.h"

namespace proofmint::service {

// ProofSignerService runs each RPC to its end on the thread that gRPC calls it
// on: nothing in it blocks. It parses requests itself, because gRPC answers one
// that does not parse with a bare UNIMPLEMENTED.
//
// Thread-safe.
class ProofSignerService final
    : public v1::ProofSigner::WithRawCallbackMethod_SignProof<
          v1::ProofSigner::WithRawCallbackMethod_BatchSignProofs<
              v1::ProofSigner::WithCallbackMethod_GetCapabilities<
                  v1::ProofSigner::Service>>> {
 public:
  explicit ProofSignerService(ProofMinter minter)
      : minter_(std::move(minter)) {}

  grpc::ServerUnaryReactor* SignProof(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

  grpc::ServerUnaryReactor* BatchSignProofs(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;

  grpc::ServerUnaryReactor* GetCapabilities(
      grpc::CallbackServerContext* context,
      const v1::GetCapabilitiesRequest* request,
      v1::GetCapabilitiesResponse* response) override;

 private:
  ProofMinter minter_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_PROOF_SIGNER_SERVICE_H_
