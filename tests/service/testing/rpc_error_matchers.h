// Matches the errors that callers receive.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_RPC_ERROR_MATCHERS_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_RPC_ERROR_MATCHERS_H_

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/support/error_details.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::testing {

// Returns the google.rpc.Status in the details of an RPC's status, or an empty
// one.
inline google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!status.error_details().empty()) {
    EXPECT_TRUE(grpc::ExtractErrorDetails(status, &details).ok());
  }
  return details;
}

// Returns the details of type `Detail`; a caller expects exactly one.
template <typename Detail>
std::vector<Detail> DetailsOfType(const google::rpc::Status& status) {
  std::vector<Detail> found;
  for (const google::protobuf::Any& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

// Returns the delay of the one RetryInfo of `status`, or infinity if there is
// none or more than one.
inline absl::Duration RetryDelayOf(const google::rpc::Status& status) {
  auto retries = DetailsOfType<google::rpc::RetryInfo>(status);
  return retries.size() != 1
             ? absl::InfiniteDuration()
             : absl::Seconds(retries[0].retry_delay().seconds()) +
                   absl::Nanoseconds(retries[0].retry_delay().nanos());
}

// The google.rpc.Status equals the one whose text format is `text`.
MATCHER_P(EqualsTextProto, text, "") {
  std::decay_t<decltype(arg)> want;
  if (!google::protobuf::TextFormat::ParseFromString(text, &want)) {
    *result_listener << "the wanted text does not parse";
    return false;
  }
  *result_listener << "which is\n" << arg.DebugString();
  return google::protobuf::util::MessageDifferencer::Equals(arg, want);
}

// The google.rpc.Status has `code`, one ErrorInfo with `reason` of our domain
// and one BadRequest for the one field `field`.
MATCHER_P3(IsFieldError, code, reason, field, "") {
  *result_listener << "which is\n" << arg.DebugString();
  auto infos = DetailsOfType<google::rpc::ErrorInfo>(arg);
  auto requests = DetailsOfType<google::rpc::BadRequest>(arg);
  return arg.code() == code && arg.details_size() == 2 && infos.size() == 1 &&
         infos[0].reason() == reason && infos[0].domain() == "proofmint" &&
         requests.size() == 1 && requests[0].field_violations_size() == 1 &&
         requests[0].field_violations(0).field() == field &&
         arg.message() == requests[0].field_violations(0).field() + ": " +
                              requests[0].field_violations(0).description();
}

// The google.rpc.Status has `code` and nothing but one ErrorInfo with `reason`.
MATCHER_P2(IsErrorWithoutField, code, reason, "") {
  *result_listener << "which is\n" << arg.DebugString();
  auto infos = DetailsOfType<google::rpc::ErrorInfo>(arg);
  return arg.code() == code && arg.details_size() == 1 && infos.size() == 1 &&
         infos[0].reason() == reason && infos[0].domain() == "proofmint";
}

// The google.rpc.Status is UNAVAILABLE with one ErrorInfo with `reason` of our
// domain and one RetryInfo of 100 ms.
MATCHER_P3(IsRetryableErrorWithin, reason, least_ms, most_ms, "") {
  *result_listener << "which is\n" << arg.DebugString();
  auto infos = DetailsOfType<google::rpc::ErrorInfo>(arg);
  auto retries = DetailsOfType<google::rpc::RetryInfo>(arg);
  return arg.code() == google::rpc::UNAVAILABLE && arg.details_size() == 2 &&
         infos.size() == 1 && infos[0].reason() == reason &&
         infos[0].domain() == "proofmint" && retries.size() == 1 &&
         retries[0].retry_delay().seconds() == 0 &&
         retries[0].retry_delay().nanos() >= least_ms * 1'000'000 &&
         retries[0].retry_delay().nanos() <= most_ms * 1'000'000;
}

inline auto IsRetryableError(const std::string& reason) {
  return IsRetryableErrorWithin(reason, 100, 100);
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_RPC_ERROR_MATCHERS_H_
