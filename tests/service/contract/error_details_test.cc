#include "signer/service/contract/error_details.h"

#include <gmock/gmock.h>
#include <grpcpp/support/error_details.h>
#include <gtest/gtest.h>

#include <optional>

#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(ErrorDetailsTest, DecodesReasonDomainAndField) {
  ErrorDetails details = DecodeErrorDetails(ToRpcStatus(
      InvalidFieldError(kInvalidHtm, "requests[3].htm", "is empty")));
  EXPECT_EQ(details.reason, kInvalidHtm);
  EXPECT_EQ(details.domain, kErrorDomain);
  EXPECT_THAT(details.fields, ElementsAre("requests[3].htm"));
  EXPECT_THAT(details.retry_delay, Eq(std::nullopt));
}

TEST(ErrorDetailsTest, DecodesTheRetryDelay) {
  ErrorDetails details = DecodeErrorDetails(
      ToRpcStatus(CallerQuotaExceededError("uid:7", absl::Milliseconds(1250))));
  EXPECT_EQ(details.reason, kCallerQuotaExceeded);
  EXPECT_THAT(details.fields, IsEmpty());
  EXPECT_THAT(details.retry_delay, Optional(absl::Milliseconds(1250)));
}

TEST(ErrorDetailsTest, DecodesThePayloadsOfAnAbslStatus) {
  ErrorDetails details =
      DecodeErrorDetails(CallerQuotaExceededError("uid:7", absl::Seconds(2)));
  EXPECT_EQ(details.reason, kCallerQuotaExceeded);
  EXPECT_THAT(details.retry_delay, Optional(absl::Seconds(2)));
  EXPECT_EQ(DecodeErrorDetails(absl::UnavailableError("no details")).reason,
            "");
}

TEST(ErrorDetailsTest, ConvertsAStatusToAbslAndBack) {
  for (const absl::Status& status :
       {absl::OkStatus(), NotReadyError(),
        InvalidFieldError(kInvalidHtm, "requests[3].htm", "is empty"),
        CallerQuotaExceededError("uid:7", absl::Milliseconds(1250))}) {
    EXPECT_EQ(ToAbslStatus(ToRpcStatus(status)), status);
  }
}

TEST(ErrorDetailsTest, ACodeThatIsNotDefinedReadsAsUnknown) {
  google::rpc::Status status;
  status.set_code(99);
  status.set_message("of a later version");
  EXPECT_EQ(ToAbslStatus(status).code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(ToAbslStatus(status).message(), "of a later version");
}

TEST(ErrorDetailsTest, SkipsWhatItDoesNotKnowAndWhatDoesNotParse) {
  google::rpc::Status status;
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject("uid:7");
  status.add_details()->PackFrom(quota);
  status.add_details()->PackFrom(google::rpc::ErrorInfo());
  status.mutable_details(1)->set_value("\xff");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(2'000'000'000);
  status.add_details()->PackFrom(retry);
  ErrorDetails details = DecodeErrorDetails(status);
  EXPECT_EQ(details.reason, "");
  EXPECT_EQ(details.domain, "");
  EXPECT_THAT(details.fields, IsEmpty());
  EXPECT_THAT(details.retry_delay, Eq(std::nullopt));
}

TEST(ErrorDetailsTest, TakesTheStatusThatTravelledWithACall) {
  google::rpc::Status sent = ToRpcStatus(NotReadyError());
  grpc::Status status;
  ASSERT_TRUE(grpc::SetErrorDetails(sent, &status).ok());
  EXPECT_EQ(ToRpcStatus(status).SerializeAsString(), sent.SerializeAsString());
}

TEST(ErrorDetailsTest, TakesCodeAndMessageOfACallWithoutOne) {
  for (const char* details : {"", "\xff"}) {
    google::rpc::Status rpc_status = ToRpcStatus(
        grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost", details));
    EXPECT_EQ(rpc_status.code(), google::rpc::UNAVAILABLE);
    EXPECT_EQ(rpc_status.message(), "lost");
    EXPECT_EQ(rpc_status.details_size(), 0);
  }
}

TEST(ErrorDetailsTest, NamesCodes) {
  EXPECT_EQ(CodeName(0), "OK");
  EXPECT_EQ(CodeName(14), "UNAVAILABLE");
  EXPECT_EQ(CodeName(99), "CODE_99");
}

}  // namespace
}  // namespace proofmint::service
