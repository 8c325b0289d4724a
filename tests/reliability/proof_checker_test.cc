#include "tests/reliability/proof_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/testing/test_server.h"

namespace proofmint::reliability {
namespace {

using ::proofmint::testing::kTestUnixSeconds;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;
using ::testing::HasSubstr;

class ProofCheckerTest : public ::testing::Test {
 protected:
  // Returns a real answer to `request`.
  v1::SignProofResponse Mint(const v1::SignProofRequest& request) {
    v1::SignProofResponse response;
    grpc::Status status =
        stub_->SignProof(NewContext().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void ExpectWrong(const v1::SignProofRequest& request,
                   const v1::SignProofResponse& response,
                   const std::string& problem) {
    ProofChecker checker;
    checker.Check(request, response, TestTime());
    EXPECT_EQ(checker.counts().right, 0);
    EXPECT_EQ(checker.counts().wrong, 1);
    EXPECT_THAT(checker.counts().first_problem, HasSubstr(problem));
  }

  TestServer server_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_ = server_.NewStub();
};

TEST_F(ProofCheckerTest, TakesDifferentProofsOfEveryAlgorithm) {
  ProofChecker checker;
  for (v1::Algorithm algorithm :
       {v1::ALGORITHM_UNSPECIFIED, v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519,
        v1::ALGORITHM_EDDSA}) {
    v1::SignProofRequest request = ValidRequest(algorithm);
    checker.Check(request, Mint(request), TestTime());
  }
  EXPECT_EQ(checker.counts().right, 4);
  EXPECT_EQ(checker.counts().wrong, 0);
  EXPECT_EQ(checker.counts().duplicates, 0);
  EXPECT_EQ(checker.counts().first_problem, "");
}

TEST_F(ProofCheckerTest, FindsAProofThatComesTwice) {
  ProofChecker checker;
  v1::SignProofRequest request = ValidRequest();
  v1::SignProofResponse response = Mint(request);
  checker.Check(request, response, TestTime());
  checker.Check(request, Mint(request), TestTime());
  checker.Check(request, response, TestTime());
  EXPECT_EQ(checker.counts().right, 2);
  EXPECT_EQ(checker.counts().duplicates, 1);
  EXPECT_EQ(checker.counts().wrong, 0);
  EXPECT_THAT(checker.counts().first_problem, HasSubstr("jti"));
}

TEST_F(ProofCheckerTest, FindsProofsThatAreNotWhatWasAskedFor) {
  const v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ES256);
  const v1::SignProofResponse response = Mint(request);
  v1::SignProofRequest other = request;
  other.set_algorithm(v1::ALGORITHM_ED25519);
  ExpectWrong(other, response, "alg");
  other = request;
  other.set_htm("GET");
  ExpectWrong(other, response, "htm");
  other = request;
  other.set_htu("https://other.example/token");
  ExpectWrong(other, response, "htu");
  other = request;
  other.set_nonce("nonce");
  ExpectWrong(other, response, "nonce");
}

TEST_F(ProofCheckerTest, FindsAnswersThatAreWrongInThemselves) {
  const v1::SignProofRequest request = ValidRequest();
  const v1::SignProofResponse response = Mint(request);
  ExpectWrong(request, v1::SignProofResponse(), "");
  v1::SignProofResponse wrong = response;
  wrong.set_jkt(Mint(request).jkt());
  ExpectWrong(request, wrong, "jkt");
  wrong = response;
  wrong.set_iat(response.iat() + 1);
  ExpectWrong(request, wrong, "iat");
  wrong = response;
  // The first character of the signature: any change is another signature.
  const size_t place = wrong.proof().rfind('.') + 1;
  char& character = (*wrong.mutable_proof())[place];
  character = character == 'A' ? 'B' : 'A';
  ExpectWrong(request, wrong, "signature");
}

TEST_F(ProofCheckerTest, TellsHowFarIatIsFromTheClock) {
  ProofChecker checker;
  EXPECT_FALSE(checker.counts().least_lead.has_value());
  const v1::SignProofRequest request = ValidRequest();
  for (int seconds : {-7, 3, 0}) {
    checker.Check(request, Mint(request),
                  absl::FromUnixSeconds(kTestUnixSeconds - seconds));
  }
  EXPECT_EQ(checker.counts().least_lead, -7);
  EXPECT_EQ(checker.counts().greatest_lead, 3);
}

}  // namespace
}  // namespace proofmint::reliability
