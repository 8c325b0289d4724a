// The RPCs of proofmint.v1.ProofSigner.

#ifndef PROOFMINT_SIGNER_SERVICE_PROOF_SIGNER_SERVICE_H_
#define PROOFMINT_SIGNER_SERVICE_PROOF_SIGNER_SERVICE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/crypto/entropy.h"
#include "signer/service/clock.h"
#include "signer/service/proof_minter.h"

namespace proofmint::service {

inline constexpr int kMaxBatchSize = 256;

// MintBatch answers each request of `batch` in order; an item that fails has
// its own error in its result. Fails as a whole with INVALID_ARGUMENT unless
// there are 1 to kMaxBatchSize requests. Thread-safe.
absl::Status MintBatch(const ProofMinter& minter,
                       const v1::BatchSignProofsRequest& batch,
                       v1::BatchSignProofsResponse& response);

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
  // `entropy` must outlive the service.
  ProofSignerService(crypto::Entropy& entropy, Clock clock)
      : minter_(entropy, std::move(clock)) {}

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
