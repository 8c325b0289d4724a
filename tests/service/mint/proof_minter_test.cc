#include "signer/service/mint/proof_minter.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/errors.h"
#include "tests/service/mint/minter_test.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::IsRetryableError;
using ::proofmint::testing::kAlgorithms;
using ::proofmint::testing::MinterTest;
using ::proofmint::testing::ValidRequest;
using ::testing::HasSubstr;
using ::testing::Not;

class ProofMinterTest : public MinterTest {
 protected:
  absl::Status Mint(const v1::SignProofRequest& request,
                    v1::SignProofResponse& response) {
    return minter_.Mint(request, response);
  }

  dpop::InspectedProof MintAndInspect(const v1::SignProofRequest& request) {
    v1::SignProofResponse response;
    EXPECT_THAT(Mint(request, response), IsOk());
    absl::StatusOr<dpop::InspectedProof> proof =
        dpop::InspectProof(response.proof());
    EXPECT_THAT(proof, IsOk());
    EXPECT_TRUE(proof->signature_valid);
    EXPECT_EQ(response.jkt(), proof->jkt);
    EXPECT_EQ(response.iat(), proof->iat);
    EXPECT_EQ(response.key_handle(), "");
    return *std::move(proof);
  }
};

TEST_F(ProofMinterTest, MintsAVerifiableProofForEachAlgorithm) {
  constexpr dpop::Algorithm kWant[] = {
      dpop::Algorithm::kEs256, dpop::Algorithm::kEs256,
      dpop::Algorithm::kEd25519, dpop::Algorithm::kEdDsa};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(MintAndInspect(ValidRequest(kAlgorithms[i])).algorithm, kWant[i]);
  }
}

TEST_F(ProofMinterTest, WritesExactlyTheClaimsOfTheRequest) {
  v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ED25519);
  request.set_htm("gEt");
  request.set_htu("HTTPS://IdP.Example:443/a%2F/../b?code=1#x");
  request.set_nonce("n-0S6_WzA2Mj");
  request.set_access_token_sha256(std::string(32, '\xff'));
  entropy_.GiveNext(std::string(32, '\x01'));  // the key's seed
  entropy_.GiveNext(std::string(16, '\0'));    // jti
  EXPECT_EQ(MintAndInspect(request).claims,
            R"({"jti":"AAAAAAAAAAAAAAAAAAAAAA","htm":"gEt",)"
            R"("htu":"https://idp.example/a%2F/../b","iat":1767323045,)"
            R"("nonce":"n-0S6_WzA2Mj",)"
            R"("ath":"__________________________________________8"})");
}

TEST_F(ProofMinterTest, LeavesOutClaimsThatTheRequestDoesNotAskFor) {
  // The key pair of RFC 8032 section 7.1 and RFC 8037 appendix A.
  entropy_.GiveNext(absl::HexStringToBytes(
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  entropy_.GiveNext(std::string(16, '\0'));
  dpop::InspectedProof proof =
      MintAndInspect(ValidRequest(v1::ALGORITHM_EDDSA));
  EXPECT_EQ(proof.claims,
            R"({"jti":"AAAAAAAAAAAAAAAAAAAAAA","htm":"POST",)"
            R"("htu":"https://idp.example/token","iat":1767323045})");
  EXPECT_EQ(
      proof.header,
      R"({"typ":"dpop+jwt","alg":"EdDSA","jwk":{"crv":"Ed25519",)"
      R"("kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})");
}

TEST_F(ProofMinterTest, IatIsTheClockPlusOffsetRoundedDown) {
  struct Case {
    absl::Duration now;
    int64_t seconds;
    int32_t nanos;
    int64_t want;
  };
  constexpr int64_t kNow = 1767323045;
  const Case cases[] = {
      {absl::Seconds(kNow), 0, 0, kNow},
      {absl::Seconds(kNow) + absl::Nanoseconds(999'999'999), 0, 0, kNow},
      {absl::Seconds(kNow) + absl::Nanoseconds(999'999'999), 0, 1, kNow + 1},
      {absl::Seconds(kNow), 0, -1, kNow - 1},
      {absl::Seconds(kNow), -1, -500'000'000, kNow - 2},
      {absl::Seconds(kNow) + absl::Milliseconds(750), 0, 250'000'000, kNow + 1},
      {absl::Seconds(kNow) + absl::Milliseconds(750), 0, -800'000'000,
       kNow - 1},
      {absl::Seconds(kNow), 300, 0, kNow + 300},
      {absl::Seconds(kNow), -300, 0, kNow - 300},
      {absl::Seconds(kNow) + absl::Milliseconds(1), -299, -999'999'999,
       kNow - 300},
      // Around the epoch, where rounding toward zero gives other results.
      {absl::ZeroDuration(), 0, -1, -1},
      {absl::ZeroDuration(), -1, -500'000'000, -2},
      {-absl::Milliseconds(500), 0, 0, -1},
      {-absl::Milliseconds(500), 0, 500'000'000, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(absl::FormatDuration(c.now), " + ", c.seconds,
                              " s ", c.nanos, " ns"));
    now_ = absl::UnixEpoch() + c.now;
    v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ED25519);
    request.mutable_iat_offset()->set_seconds(c.seconds);
    request.mutable_iat_offset()->set_nanos(c.nanos);
    EXPECT_EQ(MintAndInspect(request).iat, c.want);
  }
}

//= rfc9449#7.3
//# It is RECOMMENDED that clients generate a unique DPoP proof, even when
//# retrying idempotent requests in response to HTTP errors generally understood
//# as transient.
//# type=test
TEST_F(ProofMinterTest, TheSameRequestNeverGetsTheSameKeyOrJti) {
  for (v1::Algorithm algorithm : kAlgorithms) {
    std::set<std::string> thumbprints;
    std::set<std::string> jtis;
    for (int i = 0; i < 50; ++i) {
      dpop::InspectedProof proof = MintAndInspect(ValidRequest(algorithm));
      thumbprints.insert(proof.jkt);
      jtis.insert(proof.jti);
    }
    EXPECT_EQ(thumbprints.size(), 50u);
    EXPECT_EQ(jtis.size(), 50u);
  }
}

TEST_F(ProofMinterTest, TellsWhichStepHadNoEntropyAndRecovers) {
  for (v1::Algorithm algorithm : kAlgorithms) {
    v1::SignProofResponse untouched;
    untouched.set_proof("before");
    untouched.set_iat(7);
    v1::SignProofResponse response = untouched;

    entropy_.FailAfter(/*successes=*/0, /*failures=*/1);
    EXPECT_THAT(ToRpcStatus(Mint(ValidRequest(algorithm), response)),
                IsRetryableError("KEY_GENERATION_FAILED"));
    EXPECT_EQ(response.SerializeAsString(), untouched.SerializeAsString());

    entropy_.FailAfter(/*successes=*/1, /*failures=*/1);
    EXPECT_THAT(ToRpcStatus(Mint(ValidRequest(algorithm), response)),
                IsRetryableError("SIGNING_FAILED"));
    EXPECT_EQ(response.SerializeAsString(), untouched.SerializeAsString());

    EXPECT_THAT(Mint(ValidRequest(algorithm), response), IsOk());
    EXPECT_EQ(response.iat(), 1767323045);
  }
}

TEST_F(ProofMinterTest, LeavesTheResponseUntouchedAfterARefusal) {
  v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ES256);
  request.mutable_iat_offset()->set_seconds(301);
  v1::SignProofResponse response;
  EXPECT_THAT(Mint(request, response), Not(IsOk()));
  EXPECT_EQ(response.ByteSizeLong(), 0u);
}

TEST_F(ProofMinterTest, RefusesBeforeItDrawsAnyEntropy) {
  v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ES256);
  request.mutable_iat_offset()->set_seconds(301);
  v1::SignProofResponse response;
  EXPECT_THAT(Mint(request, response), Not(IsOk()));
  EXPECT_EQ(entropy_.calls(), 0);
}

TEST_F(ProofMinterTest, SaysInErrorsNothingThatTheRequestKeepsSecret) {
  constexpr char kSecret[] = "s3cr3t";
  auto htu = [](const std::string& text) {
    v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ES256);
    request.set_htu(text);
    return request;
  };
  v1::SignProofRequest nonce = ValidRequest(v1::ALGORITHM_ES256);
  nonce.set_nonce("s3cr3t \"nonce\"");
  v1::SignProofRequest handle = ValidRequest(v1::ALGORITHM_ES256);
  handle.set_key_handle("s3cr3t");
  v1::SignProofRequest digest = ValidRequest(v1::ALGORITHM_ES256);
  digest.set_access_token_sha256("s3cr3t");
  for (const v1::SignProofRequest& request :
       {nonce, handle, digest, htu("https://idp.example/?code=s3cr3t here"),
        htu("https://s3cr3t:s3cr3t@idp.example/"), htu("s3cr3t://idp.example"),
        htu("https://idp.example/%s3cr3t"), htu("https://s3cr3t\"/"),
        htu("https://idp.example:s3cr3t/"), htu("https://[s3cr3t]/")}) {
    v1::SignProofResponse response;
    absl::Status status = Mint(request, response);
    EXPECT_THAT(status, Not(IsOk()));
    EXPECT_THAT(ToRpcStatus(status).SerializeAsString(),
                Not(HasSubstr(kSecret)));
  }
}

TEST_F(ProofMinterTest, SaysInErrorsNothingOfTheEntropyItDrew) {
  // Not a scalar of P-256, so every draw is rejected.
  const std::string useless(32, '\xff');
  for (int draw = 0; draw < 8; ++draw) entropy_.GiveNext(useless);
  v1::SignProofResponse response;
  google::rpc::Status error =
      ToRpcStatus(Mint(ValidRequest(v1::ALGORITHM_ES256), response));
  EXPECT_THAT(error, IsRetryableError("KEY_GENERATION_FAILED"));
  for (const std::string& form :
       {useless.substr(0, 4), absl::BytesToHexString(useless).substr(0, 8),
        absl::WebSafeBase64Escape(useless).substr(0, 8)}) {
    EXPECT_THAT(error.SerializeAsString(), Not(HasSubstr(form)));
  }
}

}  // namespace
}  // namespace proofmint::service
