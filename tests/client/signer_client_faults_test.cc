// Tests SignerClient with servers that misbehave.

#include <gmock/gmock.h>
#include <grpcpp/support/error_details.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/clock.h"
#include "signer/client/signer_client.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "tests/client/fake_transport.h"
#include "tests/client/scripted_signer.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using ::proofmint::testing::ErrorResult;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::ProofFor;
using ::proofmint::testing::RequestNamed;
using ::proofmint::testing::Results;
using ::proofmint::testing::ScriptedSigner;
using ::proofmint::testing::StatusIs;
using ::testing::_;

std::unique_ptr<SignerClient> NewClient(const ScriptedSigner& signer) {
  return SignerClient::New({.target = signer.target(), .timeout = kRpcLimit})
      .value();
}

void Succeed(const v1::BatchSignProofsRequest& request,
             v1::BatchSignProofsResponse& response) {
  for (const v1::SignProofRequest& one : request.requests()) {
    *response.add_results() = ProofFor(one);
  }
}

grpc::Status ToGrpcStatus(const absl::Status& error) {
  grpc::Status status;
  grpc::SetErrorDetails(service::ToRpcStatus(error), &status);
  return status;
}

TEST(SignerClientFaultsTest, AnErrorOfTheWholeCallKeepsItsDetails) {
  ScriptedSigner signer([](auto&, auto&, auto&) {
    return ToGrpcStatus(service::CallerNotAllowedError("uid:7"));
  });
  absl::Status error =
      NewClient(signer)
          ->SignProof(RequestNamed("a"), absl::InfiniteFuture())
          .status();
  EXPECT_EQ(error, service::CallerNotAllowedError("uid:7"));
}

TEST(SignerClientFaultsTest, AQuotaIsRetriedAfterItsDelay) {
  std::atomic<int> calls = 0;
  ScriptedSigner signer([&](auto&, auto& request, auto& response) {
    if (++calls == 1) {
      return ToGrpcStatus(
          service::CallerQuotaExceededError("uid:7", absl::Milliseconds(150)));
    }
    Succeed(request, response);
    return grpc::Status::OK;
  });
  const absl::Duration start = base::MonotonicNow();
  EXPECT_THAT(
      NewClient(signer)->SignProof(RequestNamed("a"), absl::InfiniteFuture()),
      IsOk());
  EXPECT_GE(base::MonotonicNow() - start, absl::Milliseconds(150));
  EXPECT_EQ(calls, 2);
}

TEST(SignerClientFaultsTest, GrpcItselfRetriesNothing) {
  std::atomic<int> calls = 0;
  ScriptedSigner signer([&](auto&, auto&, auto&) {
    ++calls;
    return ToGrpcStatus(service::DrainingError(absl::Hours(1)));
  });
  EXPECT_THAT(
      NewClient(signer)->SignProof(RequestNamed("a"), absl::InfiniteFuture()),
      StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(calls, 1);
}

TEST(SignerClientFaultsTest, TooFewResultsAreAnError) {
  ScriptedSigner signer([](auto&, auto&, auto&) { return grpc::Status::OK; });
  EXPECT_THAT(
      NewClient(signer)->SignProof(RequestNamed("a"), absl::InfiniteFuture()),
      StatusIs(absl::StatusCode::kInternal, _));
}

TEST(SignerClientFaultsTest, ASignerThatHangsHoldsUpNoCallBeyondItsDeadline) {
  ScriptedSigner signer([](grpc::ServerContext& context, auto&, auto&) {
    while (!context.IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  auto client = NewClient(signer);
  Results results;
  client->SignProof(RequestNamed("long"), absl::InfiniteFuture(),
                    results.For("long"));
  client->SignProof(RequestNamed("short"), absl::Now() + absl::Milliseconds(20),
                    results.For("short"));
  EXPECT_THAT(results.Wait("short"),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(results.Count("long"), 0u);
  client.reset();
  EXPECT_THAT(results.Wait("long"), StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_EQ(results.Count("short"), 1u);
}

TEST(SignerClientFaultsTest, AFailureAtRandomIsInvisible) {
  constexpr int kCalls = 500;
  std::atomic<int> calls = 0;
  ScriptedSigner signer([&](auto&, auto& request, auto& response) {
    if (++calls % 7 == 0) {
      return ToGrpcStatus(service::OverloadedError(/*limit=*/1));
    }
    for (int i = 0; i < request.requests_size(); ++i) {
      *response.add_results() = (calls + i) % 5 == 0
                                    ? ErrorResult(service::SigningFailedError(
                                          absl::UnavailableError("entropy")))
                                    : ProofFor(request.requests(i));
    }
    return grpc::Status::OK;
  });
  auto client = NewClient(signer);
  Results results;
  for (int i = 0; i < kCalls; ++i) {
    const std::string name = absl::StrCat(i);
    client->SignProof(RequestNamed(name), absl::InfiniteFuture(),
                      results.For(name));
  }
  for (int i = 0; i < kCalls; ++i) {
    const std::string name = absl::StrCat(i);
    auto proof = results.Wait(name);
    ASSERT_THAT(proof, IsOk());
    EXPECT_EQ(proof->jwt, "proof of " + name);
  }
  client.reset();
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(results.Count(absl::StrCat(i)), 1u) << i;
  }
}

}  // namespace
}  // namespace proofmint
