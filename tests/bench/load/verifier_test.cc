#include "bench/load/verifier.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/load/request_set.h"
#include "signer/dpop/inspect.h"
#include "tests/dpop/test_proofs.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/child_process.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::NewContext;
using ::proofmint::testing::RefuseThreads;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TestServer;
using ::testing::HasSubstr;

class VerifierTest : public ::testing::Test {
 protected:
  v1::SignProofResponse Sign(const v1::SignProofRequest& request) {
    v1::SignProofResponse response;
    EXPECT_TRUE(stub_->SignProof(NewContext().get(), request, &response).ok());
    return response;
  }

  static v1::SignProofRequest Request() {
    v1::SignProofRequest request;
    request.set_htm(kHtm);
    request.set_htu(kHtu);
    request.set_nonce("n-1");
    return request;
  }

  // Returns what is wrong with `response`; empty if nothing is.
  std::string Failure(const v1::SignProofResponse& response) {
    EXPECT_TRUE(verifier_->Add(dpop::Algorithm::kEs256, response));
    Verifier::Counts counts = verifier_->Finish();
    EXPECT_EQ(counts.verified, 1);
    EXPECT_EQ(counts.failures, counts.first_failure.empty() ? 0 : 1);
    return counts.first_failure;
  }

  TestServer server_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_ = server_.NewStub();
  std::unique_ptr<Verifier> verifier_ = Verifier::Start("n-1").value();
};

TEST_F(VerifierTest, AcceptsWhatIsRight) {
  EXPECT_EQ(Failure(Sign(Request())), "");
  v1::SignProofRequest request = Request();
  request.set_algorithm(v1::ALGORITHM_EDDSA);
  EXPECT_TRUE(verifier_->Add(dpop::Algorithm::kEdDsa, Sign(request)));
  EXPECT_EQ(verifier_->Finish().failures, 0);
}

TEST_F(VerifierTest, FindsWhatIsWrong) {
  v1::SignProofRequest request = Request();
  request.set_htm("GET");
  EXPECT_THAT(Failure(Sign(request)), HasSubstr("htm: got \"GET\""));
  request = Request();
  request.set_htu("https://idp.example/other");
  EXPECT_THAT(Failure(Sign(request)), HasSubstr("htu: got"));
  request = Request();
  request.set_nonce("n-2");
  EXPECT_THAT(Failure(Sign(request)), HasSubstr("nonce: got \"n-2\""));
  request = Request();
  request.set_algorithm(v1::ALGORITHM_ED25519);
  EXPECT_THAT(Failure(Sign(request)), HasSubstr("alg: got \"Ed25519\""));

  v1::SignProofResponse response = Sign(Request());
  response.set_iat(response.iat() + 1);
  EXPECT_THAT(Failure(response), HasSubstr("iat: got"));
  response = Sign(Request());
  response.set_jkt(Sign(Request()).jkt());
  EXPECT_THAT(Failure(response), HasSubstr("jkt: got"));
  response = Sign(Request());
  char& byte = (*response.mutable_proof())[response.proof().rfind('.') + 10];
  byte = byte == 'A' ? 'B' : 'A';
  EXPECT_THAT(Failure(response), "signature: not valid");
  response.set_proof("nonsense");
  EXPECT_NE(Failure(response), "");
}

TEST_F(VerifierTest, FindsWhatComesTwiceEvenMuchLater) {
  v1::SignProofResponse response = Sign(Request());
  EXPECT_EQ(Failure(response), "");
  EXPECT_EQ(Failure(Sign(Request())), "");
  EXPECT_THAT(Failure(response), HasSubstr("the same as in an earlier proof"));
}

// Tests each alone: proofs by the same key, and proofs by two keys with the
// same jti.
TEST_F(VerifierTest, FindsAKeyOrAJtiThatComesTwice) {
  auto response_with = [](const std::string& jti) {
    v1::SignProofResponse response;
    response.set_proof(dpop::SignedProof(
        dpop::kHeader,
        absl::StrCat(R"({"jti":")", jti, R"(","htm":"POST","htu":")", kHtu,
                     R"(","iat":5,"nonce":"n-1"})")));
    response.set_jkt(dpop::InspectProof(response.proof())->jkt);
    response.set_iat(5);
    return response;
  };
  v1::SignProofResponse served = Sign(Request());
  EXPECT_EQ(Failure(served), "");
  EXPECT_THAT(Failure(response_with(dpop::InspectProof(served.proof())->jti)),
              HasSubstr("jti: the same as in an earlier proof"));
  EXPECT_EQ(Failure(response_with("AAECAwQFBgcICQoLDA0ODw")), "");
  EXPECT_THAT(Failure(response_with("BBECAwQFBgcICQoLDA0ODw")),
              HasSubstr("jkt: the same as in an earlier proof"));
  EXPECT_THAT(Failure(response_with("AAEC")), HasSubstr("jti: got 3 bytes"));
}

TEST_F(VerifierTest, NeverWaitsButLetsProofsGoWhenItIsBehind) {
  v1::SignProofResponse response = Sign(Request());
  int64_t taken = 0;
  // Adds proofs faster than any machine verifies them.
  for (size_t i = 0; i < 20 * Verifier::kBacklog; ++i) {
    taken += verifier_->Add(dpop::Algorithm::kEs256, response);
  }
  EXPECT_GE(taken, static_cast<int64_t>(Verifier::kBacklog));
  EXPECT_LT(taken, static_cast<int64_t>(20 * Verifier::kBacklog));
  Verifier::Counts counts = verifier_->Finish();
  EXPECT_EQ(counts.verified, taken);
  EXPECT_EQ(counts.failures, taken - 1);  // all but the first are duplicates
}

TEST(VerifierStartTest, FailsWithoutAThread) {
  std::thread([] {
    ASSERT_TRUE(RefuseThreads());
    EXPECT_THAT(Verifier::Start("n-1"),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("thread load-verifier: ")));
  }).join();
}

}  // namespace
}  // namespace proofmint::load
