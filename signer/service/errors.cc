#include "signer/service/errors.h"

#include <google/protobuf/any.pb.h>
#include <grpcpp/support/error_details.h>

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"

namespace proofmint::service {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";
constexpr char kPushbackTrailer[] = "grpc-retry-pushback-ms";

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat(kTypeUrlPrefix, Detail::descriptor()->full_name());
}

template <typename Detail>
void AddDetail(const Detail& detail, absl::Status& status) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

absl::Status ErrorWithReason(absl::StatusCode code, absl::string_view reason,
                             absl::string_view message) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  info.set_reason(reason.data(), reason.size());
  info.set_domain(kErrorDomain.data(), kErrorDomain.size());
  AddDetail(info, status);
  return status;
}

absl::Status ErrorWithField(absl::StatusCode code, absl::string_view reason,
                            absl::string_view field,
                            absl::string_view problem) {
  absl::Status status =
      ErrorWithReason(code, reason, absl::StrCat(field, ": ", problem));
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(field.data(), field.size());
  violation->set_description(problem.data(), problem.size());
  AddDetail(bad_request, status);
  return status;
}

absl::Status RetryableError(absl::string_view reason, absl::string_view what,
                            const absl::Status& cause) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kUnavailable, reason,
                      absl::StrCat(what, " failed: ", cause.message()));
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(kRetryDelay));
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(kRetryDelay % absl::Seconds(1))));
  AddDetail(retry, status);
  return status;
}

}  // namespace

absl::Status InvalidFieldError(absl::string_view reason,
                               absl::string_view field,
                               absl::string_view problem) {
  return ErrorWithField(absl::StatusCode::kInvalidArgument, reason, field,
                        problem);
}

absl::Status InvalidRequestError(absl::string_view want) {
  return ErrorWithReason(
      absl::StatusCode::kInvalidArgument, kInvalidRequest,
      absl::StrCat("request: got bytes that do not parse, want a ", want,
                   " whose strings are UTF-8"));
}

absl::Status KeyHandlesUnimplementedError(absl::string_view field) {
  return ErrorWithField(
      absl::StatusCode::kUnimplemented, kKeyHandlesUnimplemented, field,
      "got a value, want none: this version has no key handles");
}

absl::Status KeyGenerationFailedError(const absl::Status& cause) {
  return RetryableError(kKeyGenerationFailed, "key generation", cause);
}

absl::Status SigningFailedError(const absl::Status& cause) {
  return RetryableError(kSigningFailed, "signing", cause);
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

grpc::Status ToGrpcStatus(const absl::Status& status,
                          grpc::ServerContextBase& context) {
  if (status.ok()) return grpc::Status::OK;
  grpc::Status grpc_status;
  grpc::SetErrorDetails(ToRpcStatus(status), &grpc_status);
  google::rpc::RetryInfo retry;
  absl::optional<absl::Cord> payload =
      status.GetPayload(TypeUrl<google::rpc::RetryInfo>());
  if (payload.has_value() && retry.ParseFromString(std::string(*payload))) {
    absl::Duration delay = absl::Seconds(retry.retry_delay().seconds()) +
                           absl::Nanoseconds(retry.retry_delay().nanos());
    context.AddTrailingMetadata(kPushbackTrailer,
                                absl::StrCat(absl::ToInt64Milliseconds(delay)));
  }
  return grpc_status;
}

}  // namespace proofmint::service
