#include "signer/service/proof_signer_service.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/string_view.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/status_macros.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/errors.h"
#include "signer/service/request_validation.h"

namespace proofmint::service {
namespace {

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext& context,
                                 const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  reactor->Finish(ToGrpcStatus(status, context));
  return reactor;
}

// Parses `bytes`, lets `handle` fill the response and writes it to `response`.
template <typename Request, typename Response, typename Handle>
absl::Status Serve(const grpc::ByteBuffer& bytes, grpc::ByteBuffer& response,
                   Handle handle) {
  Request request;
  grpc::ByteBuffer consumed = bytes;  // Shares the bytes.
  if (!grpc::SerializationTraits<Request>::Deserialize(&consumed, &request)
           .ok()) {
    return InvalidRequestError(Request::descriptor()->name());
  }
  Response message;
  PROOFMINT_RETURN_IF_ERROR(handle(request, message));
  bool own_buffer;
  grpc::Status serialized = grpc::SerializationTraits<Response>::Serialize(
      message, &response, &own_buffer);
  return serialized.ok() ? absl::OkStatus()
                         : absl::InternalError(serialized.error_message());
}

}  // namespace

grpc::ServerUnaryReactor* ProofSignerService::SignProof(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return Finish(*context,
                Serve<v1::SignProofRequest, v1::SignProofResponse>(
                    *request, *response, [&](const auto& in, auto& out) {
                      return minter_.Mint(in, out);
                    }));
}

grpc::ServerUnaryReactor* ProofSignerService::BatchSignProofs(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return Finish(*context,
                Serve<v1::BatchSignProofsRequest, v1::BatchSignProofsResponse>(
                    *request, *response, [&](const auto& in, auto& out) {
                      return minter_.MintBatch(in, out);
                    }));
}

grpc::ServerUnaryReactor* ProofSignerService::GetCapabilities(
    grpc::CallbackServerContext* context, const v1::GetCapabilitiesRequest*,
    v1::GetCapabilitiesResponse* response) {
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    response->add_dpop_signing_alg_values(
        std::string(dpop::AlgorithmName(algorithm)));
  }
  response->set_max_batch_size(kMaxBatchSize);
  response->mutable_max_iat_offset()->set_seconds(
      absl::ToInt64Seconds(kMaxIatOffset));
  response->set_version(PROOFMINT_VERSION);
  absl::string_view kernel = crypto::KernelName(minter_.kernel());
  response->set_kernel(kernel.data(), kernel.size());
  return Finish(*context, absl::OkStatus());
}

}  // namespace proofmint::service
