#include "signer/service/rpc/proof_signer_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "signer/dpop/inspect.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::IsFieldError;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::IsRetryableError;
using ::proofmint::testing::kTestUnixSeconds;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::ValidRequest;
using ::testing::ElementsAre;
using ::testing::MatchesRegex;

// Expects a proof that verifies, for ValidRequest() with the given values.
void ExpectProof(const v1::SignProofResponse& response,
                 dpop::Algorithm algorithm, const std::string& htu) {
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(response.proof());
  ASSERT_THAT(proof, IsOk());
  EXPECT_TRUE(proof->signature_valid);
  EXPECT_EQ(proof->algorithm, algorithm);
  EXPECT_EQ(proof->htm, "POST");
  EXPECT_EQ(proof->htu, htu);
  EXPECT_EQ(proof->iat, kTestUnixSeconds);
  EXPECT_EQ(response.iat(), kTestUnixSeconds);
  EXPECT_EQ(response.jkt(), proof->jkt);
}

v1::BatchSignProofsRequest BatchOf(int size) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < size; ++i) {
    v1::SignProofRequest& request = *batch.add_requests();
    request = ValidRequest(static_cast<v1::Algorithm>(i % 4));
    request.set_htu(absl::StrCat("https://idp.example/", i));
  }
  return batch;
}

constexpr dpop::Algorithm kAlgorithmOf[] = {
    dpop::Algorithm::kEs256, dpop::Algorithm::kEs256, dpop::Algorithm::kEd25519,
    dpop::Algorithm::kEdDsa};

class ProofSignerServiceTest : public ::testing::Test {
 protected:
  grpc::Status SignBatch(const v1::BatchSignProofsRequest& batch,
                         v1::BatchSignProofsResponse& response) {
    return stub_->BatchSignProofs(NewContext().get(), batch, &response);
  }

  TestServer server_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_ = server_.NewStub();
};

TEST_F(ProofSignerServiceTest, SignsWithEachAlgorithmOnEachSocket) {
  for (const std::string& target :
       {server_.unix_target(), server_.tcp_target()}) {
    auto stub = v1::ProofSigner::NewStub(NewChannel(target));
    for (int value = 0; value < 4; ++value) {
      SCOPED_TRACE(absl::StrCat(target, " ", value));
      v1::SignProofResponse response;
      grpc::Status status = stub->SignProof(
          NewContext().get(), ValidRequest(static_cast<v1::Algorithm>(value)),
          &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      ExpectProof(response, kAlgorithmOf[value], "https://idp.example/token");
    }
  }
}

TEST_F(ProofSignerServiceTest, NamesTheWrongFieldOfASingleRequest) {
  v1::SignProofRequest request = ValidRequest();
  request.set_htu("no uri");
  v1::SignProofResponse response;
  grpc::Status status =
      stub_->SignProof(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), DetailsOf(status).message());
  EXPECT_THAT(DetailsOf(status), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                              "INVALID_HTU", "htu"));
}

TEST_F(ProofSignerServiceTest, AnswersABatchInOrder) {
  for (int size : {1, 2, 255, 256}) {
    SCOPED_TRACE(size);
    v1::BatchSignProofsResponse response;
    ASSERT_TRUE(SignBatch(BatchOf(size), response).ok());
    ASSERT_EQ(response.results_size(), size);
    std::set<std::string> thumbprints;
    for (int i = 0; i < size; ++i) {
      ASSERT_TRUE(response.results(i).has_proof()) << i;
      ExpectProof(response.results(i).proof(), kAlgorithmOf[i % 4],
                  absl::StrCat("https://idp.example/", i));
      thumbprints.insert(response.results(i).proof().jkt());
    }
    EXPECT_EQ(thumbprints.size(), static_cast<size_t>(size));
  }
}

TEST_F(ProofSignerServiceTest, FailsABadItemOfABatchAlone) {
  v1::BatchSignProofsRequest batch = BatchOf(12);
  batch.mutable_requests(0)->set_htu("no uri");
  batch.mutable_requests(3)->set_htm("no token");
  batch.mutable_requests(10)->set_key_handle("no handle");
  batch.mutable_requests(11)->set_htu("");
  v1::BatchSignProofsResponse response;
  ASSERT_TRUE(SignBatch(batch, response).ok());
  ASSERT_EQ(response.results_size(), 12);
  EXPECT_THAT(response.results(0).error(),
              IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_HTU",
                           "requests[0].htu"));
  EXPECT_THAT(response.results(3).error(),
              IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_HTM",
                           "requests[3].htm"));
  EXPECT_THAT(response.results(10).error(),
              IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_KEY_HANDLE",
                           "requests[10].key_handle"));
  EXPECT_THAT(response.results(11).error(),
              IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_HTU",
                           "requests[11].htu"));
  for (int i : {1, 2, 4, 5, 6, 7, 8, 9}) {
    ASSERT_TRUE(response.results(i).has_proof()) << i;
    ExpectProof(response.results(i).proof(), kAlgorithmOf[i % 4],
                absl::StrCat("https://idp.example/", i));
  }
}

TEST_F(ProofSignerServiceTest, AnswersABatchOfNothingButBadItems) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 256; ++i) batch.add_requests();
  v1::BatchSignProofsResponse response;
  ASSERT_TRUE(SignBatch(batch, response).ok());
  ASSERT_EQ(response.results_size(), 256);
  for (int i = 0; i < 256; ++i) {
    EXPECT_THAT(response.results(i).error(),
                IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_HTM",
                             absl::StrCat("requests[", i, "].htm")));
  }
}

TEST_F(ProofSignerServiceTest, RefusesABatchOfTheWrongSizeAsAWhole) {
  for (int size : {0, 257, 1000}) {
    v1::BatchSignProofsResponse response;
    grpc::Status status = SignBatch(BatchOf(size), response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(DetailsOf(status),
                IsFieldError(google::rpc::INVALID_ARGUMENT,
                             "INVALID_BATCH_SIZE", "requests"));
    EXPECT_THAT(status.error_message(),
                MatchesRegex(absl::StrCat(".* got ", size, " items.*")));
  }
}

TEST_F(ProofSignerServiceTest, ShowsRetryAdviceForTheFailingItemAlone) {
  // The two keys for ES256 are made first; then the one for Ed25519 fails.
  server_.entropy().FailAfter(/*successes=*/2, /*failures=*/1);
  v1::BatchSignProofsResponse response;
  auto context = NewContext();
  grpc::Status status =
      stub_->BatchSignProofs(context.get(), BatchOf(4), &response);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(response.results(0).has_proof());
  EXPECT_TRUE(response.results(1).has_proof());
  EXPECT_THAT(response.results(2).error(),
              IsRetryableError("KEY_GENERATION_FAILED"));
  EXPECT_TRUE(response.results(3).has_proof());
  // A trailer would make clients delay their next calls.
  EXPECT_EQ(
      context->GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 0u);
}

TEST_F(ProofSignerServiceTest, ShowsRetryAdviceForEveryItemOfAFailedDraw) {
  // Four keys, and then the one draw for all jti.
  server_.entropy().FailAfter(/*successes=*/4, /*failures=*/1);
  v1::BatchSignProofsResponse response;
  ASSERT_TRUE(SignBatch(BatchOf(4), response).ok());
  for (const v1::SignProofResult& result : response.results()) {
    EXPECT_THAT(result.error(), IsRetryableError("SIGNING_FAILED"));
  }
  ASSERT_TRUE(SignBatch(BatchOf(4), response).ok());
  EXPECT_TRUE(response.results(3).has_proof());
}

TEST_F(ProofSignerServiceTest, TellsItsCapabilities) {
  v1::GetCapabilitiesResponse response;
  ASSERT_TRUE(stub_->GetCapabilities(NewContext().get(), {}, &response).ok());
  EXPECT_THAT(response.dpop_signing_alg_values(),
              ElementsAre("ES256", "Ed25519", "EdDSA"));
  EXPECT_EQ(response.max_batch_size(), 256u);
  EXPECT_EQ(response.max_iat_offset().seconds(), 300);
  EXPECT_EQ(response.max_iat_offset().nanos(), 0);
  EXPECT_THAT(response.version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(response.kernel(), crypto::KernelName(crypto::DefaultKernel()));
}

}  // namespace
}  // namespace proofmint::service
