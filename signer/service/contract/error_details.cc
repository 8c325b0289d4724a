#include "signer/service/contract/error_details.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/duration.h"

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

ErrorDetails DecodeErrorDetails(const absl::Status& status) {
  return DecodeErrorDetails(ToRpcStatus(status));
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc_status;
  rpc_status.set_code(status.raw_code());
  rpc_status.set_message(std::string(status.message()));
  status.ForEachPayload(
      [&](absl::string_view type_url, const absl::Cord& payload) {
        google::protobuf::Any* detail = rpc_status.add_details();
        detail->set_type_url(type_url.data(), type_url.size());
        detail->set_value(std::string(payload));
      });
  // absl::Status visits payloads in no particular order.
  std::sort(
      rpc_status.mutable_details()->begin(),
      rpc_status.mutable_details()->end(),
      [](const auto& a, const auto& b) { return a.type_url() < b.type_url(); });
  return rpc_status;
}

absl::Status ToAbslStatus(const google::rpc::Status& status) {
  absl::Status absl_status(static_cast<absl::StatusCode>(status.code()),
                           status.message());
  for (const google::protobuf::Any& detail : status.details()) {
    absl_status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return absl_status;
}

std::string CodeName(int code) {
  return google::rpc::Code_IsValid(code)
             ? google::rpc::Code_Name(static_cast<google::rpc::Code>(code))
             : absl::StrCat("CODE_", code);
}

}  // namespace proofmint::service
