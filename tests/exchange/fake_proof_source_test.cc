#include "signer/exchange/testing/fake_proof_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/service/contract/error_details.h"
#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1767323045);

absl::StatusOr<Proof> Sign(FakeProofSource& source, ProofRequest request) {
  absl::StatusOr<Proof> result = absl::UnknownError("not called");
  source.SignProof(std::move(request), absl::InfiniteFuture(),
                   [&](absl::StatusOr<Proof> proof) { result = proof; });
  return result;
}

ProofRequest TokenRequest(dpop::Algorithm algorithm = dpop::Algorithm::kEs256) {
  return {.algorithm = algorithm,
          .htm = "POST",
          .htu = "https://idp.example/token"};
}

Json Claims(const Proof& proof) {
  const std::vector<std::string> parts = absl::StrSplit(proof.jwt, '.');
  std::string text;
  absl::WebSafeBase64Unescape(parts.at(1), &text);
  return Json::parse(text);
}

class FakeProofSourceTest : public ::testing::Test {
 protected:
  FakeProofSource source_{[] { return kNow; }};
};

TEST_F(FakeProofSourceTest, ProofsVerify) {
  // A verifier that shares no code with us.
  std::FILE* verifier = popen(OPENSSL_VERIFY, "w");
  ASSERT_NE(verifier, nullptr);
  for (int i = 0; i < 60; ++i) {
    for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
      ProofRequest request = TokenRequest(algorithm);
      request.nonce = i % 2 == 0 ? "" : "n-0S6_WzA2Mj";
      const absl::StatusOr<Proof> proof = Sign(source_, request);
      ASSERT_THAT(proof, IsOk());
      const Json line = {
          {"proof", proof->jwt},    {"jkt", proof->jkt},
          {"iat", proof->iat},      {"alg", dpop::AlgorithmName(algorithm)},
          {"htm", request.htm},     {"htu", request.htu},
          {"nonce", request.nonce},
      };
      std::fputs(absl::StrCat(line.dump(), "\n").c_str(), verifier);
    }
  }
  EXPECT_EQ(pclose(verifier), 0);
}

TEST_F(FakeProofSourceTest, ClaimsAreThoseOfTheRequest) {
  ProofRequest request = TokenRequest();
  request.htm = "GET";
  request.htu = "HTTPS://API.example:443?x=1";
  request.nonce = "nonce";
  request.access_token_sha256.emplace();
  request.iat_offset = absl::Seconds(-5);
  const Json claims = Claims(*Sign(source_, request));
  EXPECT_EQ(claims.at("htm"), "GET");
  EXPECT_EQ(claims.at("htu"), "https://api.example/");
  EXPECT_EQ(claims.at("nonce"), "nonce");
  EXPECT_EQ(claims.at("ath"), std::string(43, 'A'));
  EXPECT_EQ(claims.at("iat"), absl::ToUnixSeconds(kNow) - 5);
  EXPECT_EQ(claims.size(), 6u);
  EXPECT_EQ(Claims(*Sign(source_, TokenRequest())).size(), 4u);
}

TEST_F(FakeProofSourceTest, EveryProofHasAnIdAndAKeyOfItsOwn) {
  std::set<std::string> ids;
  std::set<std::string> thumbprints;
  for (int i = 0; i < 20; ++i) {
    const Proof proof = *Sign(source_, TokenRequest());
    EXPECT_EQ(proof.key_handle, "");
    ids.insert(Claims(proof).at("jti").get<std::string>());
    thumbprints.insert(proof.jkt);
  }
  EXPECT_THAT(ids, SizeIs(20));
  EXPECT_THAT(thumbprints, SizeIs(20));
}

TEST_F(FakeProofSourceTest, AHandleKeepsTheKey) {
  ProofRequest request = TokenRequest(dpop::Algorithm::kEd25519);
  request.return_key_handle = true;
  const Proof first = *Sign(source_, request);
  EXPECT_THAT(first.key_handle, SizeIs(78));
  request.key_handle = first.key_handle;
  const Proof second = *Sign(source_, request);
  EXPECT_EQ(second.jkt, first.jkt);
  EXPECT_NE(second.key_handle, first.key_handle);
  request.key_handle = second.key_handle;
  request.algorithm = dpop::Algorithm::kEdDsa;
  EXPECT_EQ(ReasonOf(Sign(source_, request).status()), "INVALID_KEY_HANDLE");
}

TEST_F(FakeProofSourceTest, RefusesWhatTheSignerRefuses) {
  const auto refused = [&](auto change) {
    ProofRequest request = TokenRequest();
    change(request);
    const absl::Status status = Sign(source_, request).status();
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(": ")));
    EXPECT_THAT(service::DecodeErrorDetails(status).fields, SizeIs(1));
    return ReasonOf(status);
  };
  EXPECT_EQ(refused([](auto& request) { request.htm = "P OST"; }),
            "INVALID_HTM");
  EXPECT_EQ(refused([](auto& request) { request.htu = "/token"; }),
            "INVALID_HTU");
  EXPECT_EQ(refused([](auto& request) { request.nonce = "a b"; }),
            "INVALID_NONCE");
  EXPECT_EQ(refused([](auto& request) { request.key_handle = "handle"; }),
            "INVALID_KEY_HANDLE");
  EXPECT_EQ(
      refused([](auto& request) { request.iat_offset = absl::Seconds(300.5); }),
      "INVALID_IAT_OFFSET");
}

TEST_F(FakeProofSourceTest, FailsOnDemandAndRemembersTheRequests) {
  source_.FailNext(absl::UnavailableError("first"));
  source_.FailNext(SignerError(absl::StatusCode::kResourceExhausted,
                               "CALLER_QUOTA_EXCEEDED", "second",
                               absl::Milliseconds(30)));
  EXPECT_THAT(Sign(source_, TokenRequest()),
              StatusIs(absl::StatusCode::kUnavailable, "first"));
  const absl::Status second = Sign(source_, TokenRequest()).status();
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kResourceExhausted, "second"));
  EXPECT_EQ(ReasonOf(second), "CALLER_QUOTA_EXCEEDED");
  EXPECT_EQ(RetryDelayOf(second), absl::Milliseconds(30));
  EXPECT_THAT(Sign(source_, TokenRequest()), IsOk());
  EXPECT_THAT(source_.requests(), SizeIs(3));
}

TEST(ReasonOfTest, OtherErrorsHaveNoReason) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(ReasonOf(absl::UnavailableError("x")), "");
  EXPECT_EQ(RetryDelayOf(absl::UnavailableError("x")), std::nullopt);
}

}  // namespace
}  // namespace proofmint
