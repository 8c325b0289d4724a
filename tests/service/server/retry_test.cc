// Tests a temporary failure end to end: entropy fails, the service answers with
// pushback, and a client with a retry policy gets its proof by retrying.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::IsRetryableError;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::ValidRequest;

// The backoff exceeds every deadline here: only the server's pushback can make
// a retry happen in time.
constexpr char kRetryPolicy[] = R"({"methodConfig": [{
  "name": [{"service": "proofmint.v1.ProofSigner"}],
  "retryPolicy": {
    "maxAttempts": 3,
    "initialBackoff": "600s",
    "maxBackoff": "600s",
    "backoffMultiplier": 1,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

std::multimap<grpc::string_ref, grpc::string_ref>::size_type CountPushback(
    const grpc::ClientContext& context) {
  return context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms");
}

TEST(RetryTest, AFailureTellsReasonDelayAndPushback) {
  TestServer server;
  auto stub = server.NewStub();
  for (int successes : {0, 1}) {
    server.entropy().FailAfter(successes, /*failures=*/1);
    auto context = NewContext();
    v1::SignProofResponse response;
    grpc::Status status =
        stub->SignProof(context.get(), ValidRequest(), &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(DetailsOf(status),
                IsRetryableError(successes == 0 ? "KEY_GENERATION_FAILED"
                                                : "SIGNING_FAILED"));
    ASSERT_EQ(CountPushback(*context), 1u);
    EXPECT_EQ(context->GetServerTrailingMetadata()
                  .find("grpc-retry-pushback-ms")
                  ->second,
              "100");
  }
}

TEST(RetryTest, ARefusalSetsNoPushback) {
  TestServer server;
  v1::SignProofRequest request = ValidRequest();
  request.set_htu("no uri");
  auto context = NewContext();
  v1::SignProofResponse response;
  EXPECT_EQ(server.NewStub()
                ->SignProof(context.get(), request, &response)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CountPushback(*context), 0u);
}

TEST(RetryTest, AClientWithARetryPolicySucceedsByItself) {
  TestServer server;
  auto stub =
      v1::ProofSigner::NewStub(NewChannel(server.unix_target(), kRetryPolicy));
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/2);
  v1::SignProofResponse response;
  absl::Time start = absl::Now();
  grpc::Status status = stub->SignProof(
      NewContext().get(), ValidRequest(v1::ALGORITHM_ED25519), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_NE(response.proof(), "");
  // Two pauses of 100 ms and then a key and a jti; Ed25519 draws no nonce.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(190));
  EXPECT_EQ(server.entropy().calls(), 4);
}

TEST(RetryTest, AClientGivesUpAfterTheAttemptsOfItsPolicy) {
  TestServer server;
  auto stub =
      v1::ProofSigner::NewStub(NewChannel(server.unix_target(), kRetryPolicy));
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/100);
  v1::SignProofResponse response;
  grpc::Status status =
      stub->SignProof(NewContext().get(), ValidRequest(), &response);
  EXPECT_THAT(DetailsOf(status), IsRetryableError("KEY_GENERATION_FAILED"));
  EXPECT_EQ(server.entropy().calls(), 3);
}

TEST(RetryTest, AClientDoesNotRetryARefusal) {
  TestServer server;
  auto stub =
      v1::ProofSigner::NewStub(NewChannel(server.unix_target(), kRetryPolicy));
  v1::SignProofRequest request = ValidRequest();
  request.set_nonce("no nonce");
  v1::SignProofResponse response;
  EXPECT_EQ(
      stub->SignProof(NewContext().get(), request, &response).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server.entropy().calls(), 0);
}

}  // namespace
}  // namespace proofmint::service
