// What the cases of exchange_cases.json do not show: misuse, Run, and whole
// flows with real proofs.

#include "signer/exchange/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/thread.h"
#include "signer/exchange/run.h"
#include "signer/exchange/testing/fake_proof_source.h"

namespace proofmint {
namespace {

constexpr absl::Time kNever = absl::InfiniteFuture();

ExchangeOptions Options() {
  return {.issuer = "https://idp.example",
          .client_id = "broker",
          .url = "https://idp.example/token"};
}

HttpAnswer Answer(int status, const std::string& body,
                  const std::string& nonce = "") {
  HttpAnswer answer = {.status = status, .body = body};
  if (!nonce.empty()) answer.headers = {{"DPoP-Nonce", nonce}};
  return answer;
}

constexpr char kChallenge[] = R"({"error":"use_dpop_nonce"})";
constexpr char kTokens[] = R"({"access_token":"token","token_type":"DPoP"})";

class ExchangeTest : public ::testing::Test {
 protected:
  NonceStore nonces_;
  FakeProofSource source_;
};

TEST_F(ExchangeTest, MisuseAborts) {
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  EXPECT_DEATH(exchange.attempt(), "Exchange::attempt: out of turn");
  EXPECT_DEATH(exchange.OnAnswer(HttpAnswer()), "OnAnswer: out of turn");
  EXPECT_DEATH(exchange.OnTransportError(absl::UnknownError("x"), true),
               "OnTransportError: out of turn");
  EXPECT_DEATH(exchange.outcome(), "Exchange::outcome: out of turn");
  exchange.OnProof(Proof{.jwt = "proof", .jkt = "jkt"});
  EXPECT_DEATH(exchange.proof_request(), "proof_request: out of turn");
  EXPECT_DEATH(exchange.OnProof(Proof{.jwt = "proof"}), "OnProof: out of turn");
  EXPECT_DEATH(exchange.OnTransportError(absl::OkStatus(), true), "got OK");
  exchange.OnAnswer(Answer(200, kTokens));
  EXPECT_DEATH(exchange.OnAnswer(Answer(200, kTokens)), "out of turn");
  EXPECT_TRUE(exchange.outcome().ok());
}

TEST_F(ExchangeTest, AnAnswerWithoutTimesTookNone) {
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  exchange.OnProof(Proof{.jwt = "proof", .jkt = "jkt"});
  exchange.OnAnswer(Answer(200, kTokens));
  EXPECT_THAT(exchange.outcome().idp_times,
              ::testing::ElementsAre(absl::ZeroDuration()));
}

TEST_F(ExchangeTest, CopiesGoTheirOwnWays) {
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  exchange.OnProof(Proof{.jwt = "proof", .jkt = "jkt"});
  Exchange copy = exchange;
  copy.OnTransportError(absl::UnavailableError("lost"), /*sent=*/true);
  exchange.OnAnswer(Answer(200, kTokens));
  EXPECT_TRUE(exchange.outcome().ok());
  EXPECT_EQ(copy.outcome().verdict, Verdict::kIdpUnavailable);
}

TEST_F(ExchangeTest, RunAnswersAChallenge) {
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  std::vector<int> attempts;
  std::vector<std::string> proofs;
  const Outcome& outcome = proofmint::Run(
      exchange, source_, kNever, [&](const Exchange::Attempt& attempt) {
        attempts.push_back(attempt.number);
        proofs.push_back(attempt.headers.at(0).second);
        return attempts.size() == 1 ? Answer(400, kChallenge, "nonce-1")
                                    : Answer(200, kTokens, "nonce-2");
      });
  EXPECT_TRUE(outcome.ok());
  EXPECT_THAT(attempts, ::testing::ElementsAre(1, 2));
  EXPECT_NE(proofs.at(0), proofs.at(1));
  EXPECT_EQ(source_.requests().at(1).nonce, "nonce-1");
  EXPECT_EQ(outcome.body, kTokens);
  EXPECT_EQ(&outcome, &exchange.outcome());
}

TEST_F(ExchangeTest, RunTellsARequestThatWasLostFromOneThatWasNotSent) {
  const auto lose = [&](const absl::Status& error) {
    Exchange exchange =
        Exchange::Token(Options(), "authorization_code", nonces_);
    return proofmint::Run(
        exchange, source_, kNever,
        [&](const Exchange::Attempt&) -> absl::StatusOr<HttpAnswer> {
          return error;
        });
  };
  const Outcome not_sent = lose(NotSentError("connection refused"));
  EXPECT_EQ(not_sent.verdict, Verdict::kIdpUnavailable);
  EXPECT_TRUE(not_sent.safe_to_repeat);
  EXPECT_EQ(not_sent.transport.message(), "connection refused");
  const Outcome lost = lose(absl::UnavailableError("connection reset"));
  EXPECT_EQ(lost.verdict, Verdict::kIdpUnavailable);
  EXPECT_FALSE(lost.safe_to_repeat);
}

TEST_F(ExchangeTest, RunEndsWithoutASigner) {
  source_.FailNext(absl::UnavailableError("no signer"));
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  const Outcome& outcome = proofmint::Run(
      exchange, source_, kNever,
      [](const Exchange::Attempt&) -> absl::StatusOr<HttpAnswer> {
        ADD_FAILURE() << "sent without a proof";
        return absl::UnknownError("");
      });
  EXPECT_EQ(outcome.verdict, Verdict::kSignerUnavailable);
}

// Calls back on a thread of its own, with the deadline as the thumbprint.
class ThreadedSource final : public ProofSource {
 public:
  void SignProof(ProofRequest /*request*/, absl::Time deadline,
                 Callback done) override {
    thread_ = base::Thread::Start("signer", [deadline, done] {
                done(Proof{.jwt = "proof",
                           .jkt = absl::StrCat(absl::ToUnixSeconds(deadline))});
              }).value();
  }

 private:
  base::Thread thread_;
};

TEST_F(ExchangeTest, RunWaitsForACallbackOfAnotherThread) {
  ThreadedSource source;
  Exchange exchange = Exchange::Token(Options(), "client_credentials", nonces_);
  const Outcome& outcome = proofmint::Run(
      exchange, source, absl::FromUnixSeconds(42),
      [](const Exchange::Attempt&) { return Answer(200, kTokens); });
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.jkt, "42");
}

//= rfc9449#5
//# As a result, such a client MUST present a DPoP proof for the same key that
//# was used to obtain the refresh token each time that refresh token is used to
//# obtain a new access token.
//# type=test
TEST_F(ExchangeTest, AKeyIsPinnedFromTheAuthorizationRequestToUserinfo) {
  // dpop_jkt (RFC 9449 section 10) is the thumbprint of a key made before.
  Proof pinned;
  source_.SignProof({.htm = "POST",
                     .htu = "https://idp.example/token",
                     .return_key_handle = true},
                    kNever,
                    [&](absl::StatusOr<Proof> proof) { pinned = *proof; });

  ExchangeOptions options = Options();
  options.key_handle = pinned.key_handle;
  Exchange token = Exchange::Token(options, "authorization_code", nonces_);
  const Outcome& login = proofmint::Run(
      token, source_, kNever, [&](const Exchange::Attempt& attempt) {
        return attempt.number == 1 ? Answer(400, kChallenge, "nonce-1")
                                   : Answer(200, kTokens);
      });
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(login.jkt, pinned.jkt);
  EXPECT_EQ(login.key_handle, pinned.key_handle);

  options.key_handle = login.key_handle;
  options.url = "https://idp.example/userinfo";
  Exchange userinfo =
      Exchange::Resource(options, "GET", "token", "DPoP", nonces_);
  const Outcome& user = proofmint::Run(
      userinfo, source_, kNever,
      [&](const Exchange::Attempt&) { return Answer(200, "{}"); });
  EXPECT_EQ(user.jkt, pinned.jkt);

  options.url = "https://idp.example/token";
  Exchange refresh = Exchange::Token(options, "refresh_token", nonces_);
  const Outcome& refreshed = proofmint::Run(
      refresh, source_, kNever,
      [&](const Exchange::Attempt&) { return Answer(200, kTokens); });
  EXPECT_EQ(refreshed.jkt, pinned.jkt);
}

}  // namespace
}  // namespace proofmint
