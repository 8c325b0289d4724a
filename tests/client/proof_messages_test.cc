#include "signer/client/proof_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::SizeIs;

ProofRequest ValidRequest() {
  return {.htm = "POST", .htu = "https://idp.example/token"};
}

TEST(CheckRequestTest, AcceptsTheLargestRequest) {
  ProofRequest request = ValidRequest();
  request.htm = std::string(32, 'A');
  request.htu = std::string(2048, 'a');
  request.nonce = std::string(1536, 'n');
  request.key_handle = std::string(128, '\xff');
  EXPECT_THAT(CheckRequest(request), IsOk());
}

TEST(CheckRequestTest, RefusesWhatIsTooLarge) {
  ProofRequest request = ValidRequest();
  request.htm = std::string(33, 'A');
  EXPECT_THAT(CheckRequest(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "htm: got 33 bytes, want at most 32"));
  request = ValidRequest();
  request.htu = std::string(2049, 'a');
  EXPECT_EQ(ReasonOf(CheckRequest(request)), "INVALID_HTU");
  request = ValidRequest();
  request.nonce = std::string(1537, 'n');
  EXPECT_EQ(ReasonOf(CheckRequest(request)), "INVALID_NONCE");
  request = ValidRequest();
  request.key_handle = std::string(129, 'h');
  EXPECT_EQ(ReasonOf(CheckRequest(request)), "INVALID_KEY_HANDLE");
}

TEST(CheckRequestTest, RefusesTextThatIsNotAscii) {
  for (std::string ProofRequest::*field :
       {&ProofRequest::htm, &ProofRequest::htu, &ProofRequest::nonce}) {
    ProofRequest request = ValidRequest();
    request.*field = "\xff";
    const absl::Status error = CheckRequest(request);
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(service::DecodeErrorDetails(error).fields,
                ElementsAre(::testing::AnyOf("htm", "htu", "nonce")));
  }
}

TEST(ToProtoTest, WritesEveryField) {
  ProofRequest request = ValidRequest();
  request.algorithm = dpop::Algorithm::kEdDsa;
  request.nonce = "n";
  request.access_token_sha256.emplace().fill(0xab);
  request.key_handle = "h";
  request.return_key_handle = true;
  request.iat_offset = absl::Milliseconds(-1500);
  v1::SignProofRequest message;
  ToProto(request, message);
  EXPECT_EQ(message.algorithm(), v1::ALGORITHM_EDDSA);
  EXPECT_EQ(message.htm(), "POST");
  EXPECT_EQ(message.htu(), "https://idp.example/token");
  EXPECT_EQ(message.nonce(), "n");
  EXPECT_EQ(message.access_token_sha256(), std::string(32, '\xab'));
  EXPECT_EQ(message.key_handle(), "h");
  EXPECT_TRUE(message.return_key_handle());
  EXPECT_EQ(message.iat_offset().seconds(), -1);
  EXPECT_EQ(message.iat_offset().nanos(), -500'000'000);
}

TEST(ToProtoTest, LeavesNothingOfTheRequestBefore) {
  ProofRequest request = ValidRequest();
  request.nonce = "n";
  request.access_token_sha256.emplace();
  request.key_handle = "h";
  request.return_key_handle = true;
  request.iat_offset = absl::Seconds(1);
  v1::SignProofRequest message;
  ToProto(request, message);
  ToProto(ValidRequest(), message);
  v1::SignProofRequest fresh;
  ToProto(ValidRequest(), fresh);
  EXPECT_EQ(message.SerializeAsString(), fresh.SerializeAsString());
}

TEST(TakeResultsTest, ReturnsProofs) {
  v1::BatchSignProofsResponse response;
  v1::SignProofResponse& proof = *response.add_results()->mutable_proof();
  proof.set_proof("h.p.s");
  proof.set_jkt("thumbprint");
  proof.set_key_handle("handle");
  proof.set_iat(7);
  const auto results = TakeResults(absl::OkStatus(), response, 1);
  ASSERT_THAT(results, SizeIs(1));
  ASSERT_THAT(results[0], IsOk());
  EXPECT_EQ(results[0]->jwt, "h.p.s");
  EXPECT_EQ(results[0]->jkt, "thumbprint");
  EXPECT_EQ(results[0]->key_handle, "handle");
  EXPECT_EQ(results[0]->iat, 7);
}

TEST(TakeResultsTest, AnErrorReadsLikeThatOfASingleCall) {
  v1::BatchSignProofsResponse response;
  for (int i = 0; i < 12; ++i) response.add_results()->mutable_proof();
  *response.add_results()->mutable_error() =
      service::ToRpcStatus(service::InvalidFieldError(
          service::kInvalidHtu, "requests[12].htu", "empty"));
  const auto results = TakeResults(absl::OkStatus(), response, 13);
  const absl::Status& error = results[12].status();
  EXPECT_EQ(error,
            service::InvalidFieldError(service::kInvalidHtu, "htu", "empty"));
  EXPECT_EQ(ReasonOf(error), "INVALID_HTU");
  EXPECT_THAT(service::DecodeErrorDetails(error).fields, ElementsAre("htu"));
}

TEST(TakeResultsTest, KeepsAnErrorWithoutAField) {
  v1::BatchSignProofsResponse response;
  const absl::Status error =
      service::KeyGenerationFailedError(absl::UnavailableError("entropy"));
  *response.add_results()->mutable_error() = service::ToRpcStatus(error);
  EXPECT_EQ(TakeResults(absl::OkStatus(), response, 1)[0].status(), error);
}

TEST(TakeResultsTest, AnEmptyOrMissingResultIsAnError) {
  v1::BatchSignProofsResponse response;
  response.add_results();
  response.add_results()->mutable_error();  // with the code OK
  const auto results = TakeResults(absl::OkStatus(), response, 3);
  for (const absl::StatusOr<Proof>& result : results) {
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal, _));
  }
}

TEST(TakeResultsTest, AFailureOfTheRpcIsOneOfEachRequest) {
  v1::BatchSignProofsResponse response;
  const absl::Status error = service::NotReadyError();
  const auto results = TakeResults(error, response, 2);
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_EQ(results[0].status(), error);
  EXPECT_EQ(results[1].status(), error);
}

}  // namespace
}  // namespace proofmint::client
