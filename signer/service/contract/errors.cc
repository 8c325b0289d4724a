#include "signer/service/contract/errors.h"

#include <google/protobuf/any.pb.h>
#include <grpcpp/support/error_details.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/error_details.h"

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

void AddRetryInfo(absl::Duration delay, absl::Status& status) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() = ToProto(delay);
  AddDetail(retry, status);
}

absl::Status UnavailableError(absl::string_view reason,
                              absl::string_view message, absl::Duration delay) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kUnavailable, reason, message);
  AddRetryInfo(delay, status);
  return status;
}

// Returns the element of kReasons that equals `reason`; empty if none does.
absl::string_view KnownReason(absl::string_view reason) {
  const auto* known = std::find(kReasons.begin(), kReasons.end(), reason);
  return known == kReasons.end() ? absl::string_view() : *known;
}

// Returns a random duration between half of `delay` and one and a half of it.
absl::Duration Jittered(absl::Duration delay) {
  thread_local std::minstd_rand random(std::random_device{}());
  return delay * std::uniform_real_distribution<double>(0.5, 1.5)(random);
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
      absl::StrCat("request: not a valid ", want,
                   " (does not parse, or a string is not UTF-8)"));
}

absl::Status InvalidKeyHandleError(absl::string_view field) {
  return InvalidFieldError(
      kInvalidKeyHandle, field,
      "invalid, expired, or issued for another caller, algorithm or "
      "key-encryption key");
}

absl::Status KeyGenerationFailedError(const absl::Status& cause) {
  return UnavailableError(
      kKeyGenerationFailed,
      absl::StrCat("key generation failed: ", cause.message()), kRetryDelay);
}

absl::Status SigningFailedError(const absl::Status& cause) {
  return UnavailableError(kSigningFailed,
                          absl::StrCat("signing failed: ", cause.message()),
                          kRetryDelay);
}

absl::Status OverloadedError(size_t limit) {
  return UnavailableError(kOverloaded,
                          absl::StrCat("server: overloaded, at most ", limit,
                                       " proofs may be in flight"),
                          Jittered(kRetryDelay));
}

absl::Status UnreadAnswersError() {
  return UnavailableError(
      kOverloaded, "caller: too many bytes of answers that it has not read",
      Jittered(kRetryDelay));
}

absl::Status DrainingError(absl::Duration delay) {
  return UnavailableError(kDraining, "server: shutting down", delay);
}

absl::Status NotReadyError() {
  return UnavailableError(kNotReady, "server: cannot make proofs now",
                          absl::Milliseconds(500));
}

absl::Status CryptoSelfTestFailedError() {
  return ErrorWithReason(absl::StatusCode::kInternal, kCryptoSelfTestFailed,
                         "server: cryptographic self-test failed; signing is "
                         "disabled");
}

absl::Status CallerQuotaExceededError(absl::string_view caller,
                                      absl::Duration delay) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kResourceExhausted,
                      kCallerQuotaExceeded, "caller: quota of proofs exceeded");
  google::rpc::QuotaFailure quota;
  auto* violation = quota.add_violations();
  violation->set_subject(std::string(caller));
  violation->set_description("proofs a second");
  AddDetail(quota, status);
  AddRetryInfo(delay, status);
  return status;
}

absl::Status DeadlineTooShortError() {
  return ErrorWithReason(absl::StatusCode::kDeadlineExceeded, kDeadlineTooShort,
                         "deadline: too short, would pass before the answer");
}

absl::Status CallerNotAllowedError(absl::string_view caller) {
  if (caller.empty()) {
    return ErrorWithReason(absl::StatusCode::kUnauthenticated,
                           kCallerNotAllowed,
                           "caller: could not be identified (no peer "
                           "credentials or client certificate)");
  }
  return ErrorWithReason(absl::StatusCode::kPermissionDenied, kCallerNotAllowed,
                         absl::StrCat("caller: ", caller, " is not allowed"));
}

absl::string_view ReasonOf(const absl::Status& status) {
  absl::optional<absl::Cord> payload =
      status.GetPayload(TypeUrl<google::rpc::ErrorInfo>());
  google::rpc::ErrorInfo info;
  return payload.has_value() && info.ParseFromString(std::string(*payload))
             ? KnownReason(info.reason())
             : "";
}

absl::string_view ReasonOf(const google::rpc::Status& status) {
  return KnownReason(DecodeErrorDetails(status).reason);
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

grpc::Status ToGrpcStatus(const absl::Status& status,
                          grpc::ServerContextBase& context) {
  if (status.ok()) return grpc::Status::OK;
  grpc::Status grpc_status;
  const google::rpc::Status rpc_status = ToRpcStatus(status);
  grpc::SetErrorDetails(rpc_status, &grpc_status);
  std::optional<absl::Duration> delay =
      DecodeErrorDetails(rpc_status).retry_delay;
  if (delay.has_value()) {
    context.AddTrailingMetadata(
        kPushbackTrailer,
        // Rounded up: a client must not come too early.
        absl::StrCat(absl::ToInt64Milliseconds(
            absl::Ceil(*delay, absl::Milliseconds(1)))));
  }
  return grpc_status;
}

}  // namespace proofmint::service
