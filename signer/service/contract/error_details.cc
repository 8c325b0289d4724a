#include "signer/service/contract/error_details.h"

#include <google/protobuf/any.pb.h>
#include <grpcpp/support/error_details.h>

#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/conversions.h"

namespace proofmint::service {

ErrorDetails DecodeErrorDetails(const google::rpc::Status& status) {
  ErrorDetails details;
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      details.reason = info.reason();
      details.domain = info.domain();
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        details.fields.push_back(violation.field());
      }
    } else if (detail.UnpackTo(&retry)) {
      details.retry_delay = ToDuration(retry.retry_delay());
    }
  }
  return details;
}

google::rpc::Status ToRpcStatus(const grpc::Status& status) {
  google::rpc::Status rpc_status;
  if (status.error_details().empty() ||
      !grpc::ExtractErrorDetails(status, &rpc_status).ok()) {
    rpc_status.Clear();
    rpc_status.set_code(status.error_code());
    rpc_status.set_message(status.error_message());
  }
  return rpc_status;
}

std::string CodeName(int code) {
  return google::rpc::Code_IsValid(code)
             ? google::rpc::Code_Name(static_cast<google::rpc::Code>(code))
             : absl::StrCat("CODE_", code);
}

}  // namespace proofmint::service
