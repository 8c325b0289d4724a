#include "tests/reliability/failure.h"

#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::reliability {
namespace {

using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TempDir;

// Answers every call with `status` and, if given, a pushback trailer.
class FailingSigner : public v1::ProofSigner::Service {
 public:
  FailingSigner(grpc::Status status, std::optional<std::string> pushback)
      : status_(std::move(status)), pushback_(std::move(pushback)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  std::string target() const { return "unix:" + directory_ / "signer.sock"; }

  grpc::Status SignProof(grpc::ServerContext* context,
                         const v1::SignProofRequest*,
                         v1::SignProofResponse*) override {
    if (pushback_.has_value()) {
      context->AddTrailingMetadata("grpc-retry-pushback-ms", *pushback_);
    }
    return status_;
  }

 private:
  TempDir directory_;
  const grpc::Status status_;
  const std::optional<std::string> pushback_;
  std::unique_ptr<grpc::Server> server_;
};

// Returns the failure of a call that is answered with `status` and `pushback`.
Failure FailureOf(const grpc::Status& status,
                  std::optional<std::string> pushback = std::nullopt) {
  FailingSigner signer(status, std::move(pushback));
  auto context = NewContext();
  v1::SignProofResponse response;
  grpc::Status got = v1::ProofSigner::NewStub(NewChannel(signer.target()))
                         ->SignProof(context.get(), {}, &response);
  return DescribeCall(got, *context);
}

google::rpc::Status Error(int code, const std::string& reason,
                          absl::Duration retry_delay,
                          const std::string& domain = "proofmint") {
  google::rpc::Status error;
  error.set_code(code);
  error.set_message("the message");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(domain);
  error.add_details()->PackFrom(info);
  if (retry_delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_delay)));
    error.add_details()->PackFrom(retry);
  }
  return error;
}

grpc::Status ToGrpc(const google::rpc::Status& error) {
  return grpc::Status(static_cast<grpc::StatusCode>(error.code()),
                      error.message(), error.SerializeAsString());
}

constexpr absl::Duration kDelay = absl::Milliseconds(250);

TEST(FailureTest, ReadsAPassingFailureOfACall) {
  Failure failure = FailureOf(ToGrpc(Error(14, "OVERLOADED", kDelay)), "250");
  EXPECT_EQ(failure.name, "UNAVAILABLE OVERLOADED");
  EXPECT_EQ(failure.message, "the message");
  EXPECT_EQ(failure.retry_delay, kDelay);
  EXPECT_TRUE(failure.labelled);
}

TEST(FailureTest, MissesWhatAPassingFailureOfACallLacks) {
  const grpc::Status whole = ToGrpc(Error(14, "OVERLOADED", kDelay));
  EXPECT_FALSE(FailureOf(whole).labelled);
  EXPECT_FALSE(FailureOf(whole, "2500").labelled);
  EXPECT_FALSE(FailureOf(whole, "soon").labelled);
  EXPECT_FALSE(
      FailureOf(ToGrpc(Error(14, "OVERLOADED", absl::ZeroDuration())), "250")
          .labelled);
  EXPECT_FALSE(FailureOf(ToGrpc(Error(14, "", kDelay)), "250").labelled);
  EXPECT_FALSE(
      FailureOf(ToGrpc(Error(14, "OVERLOADED", kDelay, "other")), "250")
          .labelled);
  Failure bare =
      FailureOf(grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost"), "250");
  EXPECT_FALSE(bare.labelled);
  EXPECT_EQ(bare.name, "UNAVAILABLE");
  EXPECT_EQ(bare.message, "lost");
  EXPECT_FALSE(bare.retry_delay.has_value());
}

TEST(FailureTest, ACodeThatDiffersInTheDetailsIsNoLabel) {
  google::rpc::Status error = Error(3, "INVALID_HTU", absl::ZeroDuration());
  EXPECT_TRUE(FailureOf(ToGrpc(error)).labelled);
  EXPECT_FALSE(FailureOf(grpc::Status(grpc::StatusCode::NOT_FOUND, "",
                                      error.SerializeAsString()))
                   .labelled);
}

TEST(FailureTest, ReadsTheErrorsOfItems) {
  Failure item = DescribeItem(Error(14, "KEY_GENERATION_FAILED", kDelay));
  EXPECT_EQ(item.name, "UNAVAILABLE KEY_GENERATION_FAILED");
  EXPECT_EQ(item.retry_delay, kDelay);
  EXPECT_TRUE(item.labelled);
  EXPECT_FALSE(
      DescribeItem(Error(14, "KEY_GENERATION_FAILED", absl::ZeroDuration()))
          .labelled);
  EXPECT_FALSE(
      DescribeItem(Error(8, "CALLER_QUOTA_EXCEEDED", absl::ZeroDuration()))
          .labelled);
  EXPECT_TRUE(
      DescribeItem(Error(3, "INVALID_HTU", absl::ZeroDuration())).labelled);
}

}  // namespace
}  // namespace proofmint::reliability
