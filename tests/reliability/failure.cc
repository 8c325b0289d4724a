#include "tests/reliability/failure.h"

#include <grpcpp/support/error_details.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"

namespace proofmint::reliability {
namespace {

std::string CodeName(int code) {
  return google::rpc::Code_IsValid(code)
             ? google::rpc::Code_Name(static_cast<google::rpc::Code>(code))
             : absl::StrCat("CODE_", code);
}

// The delay of the trailer, which is whole milliseconds.
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
  Failure failure = {.name = CodeName(error.code()),
                     .message = error.message()};
  bool has_reason = false;
  for (const google::protobuf::Any& detail : error.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      has_reason = !info.reason().empty() && info.domain() == "proofmint";
      absl::StrAppend(&failure.name, " ", info.reason());
    } else if (detail.UnpackTo(&retry)) {
      failure.retry_delay = absl::Seconds(retry.retry_delay().seconds()) +
                            absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
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
  google::rpc::Status details;
  if (status.error_details().empty() ||
      !grpc::ExtractErrorDetails(status, &details).ok()) {
    details.Clear();
    details.set_message(status.error_message());
  }
  // A code that differs in the details is no label.
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
