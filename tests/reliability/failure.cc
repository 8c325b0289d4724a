#include "tests/reliability/failure.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"

namespace proofmint::reliability {
namespace {

// Returns the delay in the trailer, in whole milliseconds.
std::optional<absl::Duration> PushbackOf(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  auto [first, last] = trailers.equal_range("grpc-retry-pushback-ms");
  int64_t milliseconds = 0;
  if (first == last || std::next(first) != last ||
      !absl::SimpleAtoi(std::string(first->second.data(), first->second.size()),
                        &milliseconds)) {
    return std::nullopt;
  }
  return absl::Milliseconds(milliseconds);
}

}  // namespace

Failure DescribeItem(const google::rpc::Status& error) {
  const service::ErrorDetails details = service::DecodeErrorDetails(error);
  Failure failure = {.name = service::CodeName(error.code()),
                     .message = error.message(),
                     .retry_delay = details.retry_delay};
  if (!details.reason.empty()) {
    absl::StrAppend(&failure.name, " ", details.reason);
  }
  const bool has_reason =
      !details.reason.empty() && details.domain == service::kErrorDomain;
  const bool passing = error.code() == google::rpc::UNAVAILABLE ||
                       error.code() == google::rpc::RESOURCE_EXHAUSTED;
  failure.labelled =
      has_reason &&
      (!passing || failure.retry_delay.value_or(absl::ZeroDuration()) >
                       absl::ZeroDuration());
  return failure;
}

Failure DescribeCall(const grpc::Status& status,
                     const grpc::ClientContext& context) {
  google::rpc::Status details = service::ToRpcStatus(status);
  // An error whose details have another code is not labelled.
  const bool same_code =
      details.details().empty() || details.code() == status.error_code();
  details.set_code(status.error_code());
  Failure failure = DescribeItem(details);
  failure.labelled = failure.labelled && same_code;
  if (failure.labelled &&
      status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    const std::optional<absl::Duration> pushback = PushbackOf(context);
    failure.labelled = pushback.has_value() &&
                       absl::AbsDuration(*pushback - *failure.retry_delay) <=
                           absl::Milliseconds(1);
  }
  return failure;
}

}  // namespace proofmint::reliability
