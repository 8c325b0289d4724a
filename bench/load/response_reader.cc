#include "bench/load/response_reader.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <utility>

#include "google/rpc/status.pb.h"
#include "signer/dpop/jwk.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"

namespace proofmint::load {
namespace {

bool IsProof(const v1::SignProofResponse& response) {
  return !response.proof().empty() && response.jkt().size() == dpop::kJktSize &&
         response.iat() > 0;
}

Failure Describe(const google::rpc::Status& error) {
  service::ErrorDetails details = service::DecodeErrorDetails(error);
  return {details.reason.empty() ? service::CodeName(error.code())
                                 : std::move(details.reason),
          details.retry_delay};
}

void AddError(std::string reason, int proofs, CallResult& result) {
  for (ErrorCount& error : result.errors) {
    if (error.reason == reason) {
      error.proofs += proofs;
      return;
    }
  }
  result.errors.push_back({std::move(reason), proofs});
}

void AddWrong(int proofs, CallResult& result) {
  result.wrong += proofs;
  AddError(std::string(kWrongResponse), proofs, result);
}

}  // namespace

Failure DescribeFailure(const grpc::Status& status,
                        absl::Duration default_delay) {
  google::rpc::Status details = service::ToRpcStatus(status);
  details.set_code(status.error_code());
  Failure failure = Describe(details);
  if (!failure.retry_delay.has_value() &&
      (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
       status.error_code() == grpc::StatusCode::CANCELLED)) {
    failure.retry_delay = default_delay;
  }
  return failure;
}

CallResult ResponseReader::Read(grpc::ByteBuffer& response,
                                ProofCallback on_proof) {
  CallResult result;
  google::protobuf::Message& message =
      batch_ == 1 ? static_cast<google::protobuf::Message&>(unary_response_)
                  : batch_response_;
  bool parsed;
  {
    grpc::ProtoBufferReader bytes(&response);
    parsed = bytes.status().ok() && message.ParseFromZeroCopyStream(&bytes);
  }
  response.Clear();
  if (!parsed) {
    AddWrong(batch_, result);
  } else if (batch_ > 1) {
    ReadBatch(on_proof, result);
  } else if (IsProof(unary_response_)) {
    ++result.ok;
    on_proof(0, unary_response_);
  } else {
    AddWrong(1, result);
  }
  return result;
}

void ResponseReader::ReadBatch(ProofCallback on_proof, CallResult& result) {
  if (batch_response_.results_size() != batch_) {
    AddWrong(batch_, result);
    return;
  }
  for (int i = 0; i < batch_; ++i) {
    const v1::SignProofResult& item = batch_response_.results(i);
    if (item.has_proof() && IsProof(item.proof())) {
      ++result.ok;
      on_proof(i, item.proof());
    } else if (item.has_error() && item.error().code() != 0) {
      AddError(Describe(item.error()).reason, 1, result);
    } else {
      AddWrong(1, result);
    }
  }
}

}  // namespace proofmint::load
