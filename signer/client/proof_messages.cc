#include "signer/client/proof_messages.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/syntax.h"
#include "signer/service/contract/conversions.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"

namespace proofmint::client {
namespace {

// Key handles have 78 bytes.
constexpr size_t kMaxKeyHandleSize = 128;

absl::Status CheckText(absl::string_view reason, absl::string_view field,
                       absl::string_view text, size_t max_size) {
  if (text.size() > max_size) {
    return service::InvalidFieldError(
        reason, field,
        absl::StrCat("got ", text.size(), " bytes, want at most ", max_size));
  }
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isascii)) {
    return service::InvalidFieldError(reason, field, "not ASCII");
  }
  return absl::OkStatus();
}

// Makes an error of a batch's item one of a single call.
void RemovePrefix(absl::string_view prefix, google::rpc::Status& error) {
  auto remove = [&](std::string& text) {
    if (absl::StartsWith(text, prefix)) text.erase(0, prefix.size());
  };
  remove(*error.mutable_message());
  for (google::protobuf::Any& detail : *error.mutable_details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (auto& violation : *bad_request.mutable_field_violations()) {
      remove(*violation.mutable_field());
    }
    detail.PackFrom(bad_request);
  }
}

absl::StatusOr<Proof> TakeProof(v1::SignProofResult& result, int index) {
  switch (result.result_case()) {
    case v1::SignProofResult::kProof: {
      v1::SignProofResponse& proof = *result.mutable_proof();
      return Proof{.jwt = std::move(*proof.mutable_proof()),
                   .jkt = std::move(*proof.mutable_jkt()),
                   .key_handle = std::move(*proof.mutable_key_handle()),
                   .iat = proof.iat()};
    }
    case v1::SignProofResult::kError: {
      RemovePrefix(absl::StrCat("requests[", index, "]."),
                   *result.mutable_error());
      absl::Status error = service::ToAbslStatus(result.error());
      if (!error.ok()) return error;
      break;
    }
    case v1::SignProofResult::RESULT_NOT_SET:
      break;
  }
  return absl::InternalError("signer: a result with neither proof nor error");
}

}  // namespace

absl::Status CheckRequest(const ProofRequest& request) {
  PROOFMINT_RETURN_IF_ERROR(
      CheckText(service::kInvalidHtm, "htm", request.htm, dpop::kMaxHtmSize));
  PROOFMINT_RETURN_IF_ERROR(
      CheckText(service::kInvalidHtu, "htu", request.htu, dpop::kMaxHtuSize));
  PROOFMINT_RETURN_IF_ERROR(CheckText(service::kInvalidNonce, "nonce",
                                      request.nonce, dpop::kMaxNonceSize));
  return request.key_handle.size() > kMaxKeyHandleSize
             ? service::InvalidKeyHandleError("key_handle")
             : absl::OkStatus();
}

void ToProto(const ProofRequest& request, v1::SignProofRequest& message) {
  message.set_algorithm(service::ToProto(request.algorithm));
  message.set_htm(request.htm);
  message.set_htu(request.htu);
  message.set_nonce(request.nonce);
  message.clear_access_token_sha256();
  if (request.access_token_sha256.has_value()) {
    message.set_access_token_sha256(request.access_token_sha256->data(),
                                    request.access_token_sha256->size());
  }
  message.set_key_handle(request.key_handle);
  message.set_return_key_handle(request.return_key_handle);
  message.clear_iat_offset();
  if (request.iat_offset != absl::ZeroDuration()) {
    *message.mutable_iat_offset() = service::ToProto(request.iat_offset);
  }
}

std::vector<absl::StatusOr<Proof>> TakeResults(
    const absl::Status& status, v1::BatchSignProofsResponse& response,
    size_t size) {
  std::vector<absl::StatusOr<Proof>> results;
  results.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    const int index = static_cast<int>(i);
    if (!status.ok()) {
      results.emplace_back(status);
    } else if (index < response.results_size()) {
      results.push_back(TakeProof(*response.mutable_results(index), index));
    } else {
      results.emplace_back(absl::InternalError("signer: a result is missing"));
    }
  }
  return results;
}

}  // namespace proofmint::client
