// Runs the section "exchanges" of exchange_cases.json.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/testing/fake_proof_source.h"
#include "signer/service/contract/error_details.h"
#include "tests/exchange/case_file.h"

namespace proofmint {
namespace {

using testing::Case;
using testing::Fields;
using Json = nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kIssuer[] = "https://idp.example";
constexpr char kClient[] = "broker";
constexpr int64_t kSentAtMs = 1767323045000;
constexpr int64_t kAnswerMs = 120;
constexpr int64_t kSignerMs = 5;

absl::StatusCode CodeFromName(const std::string& name) {
  for (int code = 0; code <= 16; ++code) {
    if (service::CodeName(code) == name) {
      return static_cast<absl::StatusCode>(code);
    }
  }
  ADD_FAILURE() << "no such code: " << name;
  return absl::StatusCode::kUnknown;
}

NonceIssuer NonceIssuerFromName(const std::string& name) {
  EXPECT_TRUE(name == "as" || name == "rs") << name;
  return name == "rs" ? NonceIssuer::kResourceServer
                      : NonceIssuer::kAuthorizationServer;
}

// CaseRun plays the part of the driver and of both servers in one case.
class CaseRun {
 public:
  explicit CaseRun(const Case& test_case)
      : fields_(test_case.members, test_case.id) {}

  void Run() {
    StoreNonces(fields_.List("nonces_before"));
    Exchange exchange = MakeExchange();
    int number = 0;
    for (const Json& step : fields_.List("steps")) {
      SCOPED_TRACE(absl::StrCat("step ", ++number));
      if (!RunStep(step, exchange)) return;
    }
    ASSERT_EQ(exchange.next(), Exchange::Next::kDone) << "after all steps";
    CheckOutcome(exchange.outcome());
    CheckNonces(fields_.List("nonces_after"));
  }

 private:
  NonceKey ReadKey(Fields& fields) {
    NonceKey key = {fields.String("issuer", kIssuer),
                    fields.String("client_id", kClient),
                    NonceIssuerFromName(fields.String("from", "as"))};
    named_keys_.push_back(key);
    return key;
  }

  void StoreNonces(const std::vector<Json>& nonces) {
    for (const Json& entry : nonces) {
      Fields fields(entry, "nonce");
      const NonceKey key = ReadKey(fields);
      nonces_.Put(key, fields.String("nonce"));
    }
  }

  void CheckNonces(const std::vector<Json>& nonces) {
    std::vector<std::pair<NonceKey, std::string>> wanted;
    for (const Json& entry : nonces) {
      Fields fields(entry, "nonces_after");
      const NonceKey key = ReadKey(fields);
      wanted.emplace_back(key, fields.String("nonce"));
      EXPECT_EQ(nonces_.Get(key), wanted.back().second) << "nonces_after";
    }
    for (const NonceKey& key : named_keys_) {
      const bool is_wanted =
          std::any_of(wanted.begin(), wanted.end(),
                      [&](const auto& pair) { return pair.first == key; });
      if (!is_wanted) {
        EXPECT_EQ(nonces_.Get(key), "") << "nonces_after";
      }
    }
  }

  Exchange MakeExchange() {
    Fields fields(fields_.Any("exchange"), "exchange");
    const std::string kind = fields.String("kind");
    options_.issuer = fields.String("issuer", kIssuer);
    options_.client_id = fields.String("client_id", kClient);
    options_.url = fields.String(
        "url",
        absl::StrCat("https://idp.example/", kind == "token"    ? "token"
                                             : kind == "pushed" ? "par"
                                                                : "userinfo"));
    const auto algorithm =
        dpop::AlgorithmFromName(fields.String("algorithm", "ES256"));
    EXPECT_TRUE(algorithm.has_value());
    options_.algorithm = algorithm.value_or(dpop::Algorithm::kEs256);
    options_.key_handle = fields.String("key_handle", "");
    options_.return_key_handle = fields.Boolean("return_key_handle", false);
    options_.confidential_client = fields.Boolean("confidential_client", false);
    options_.iat_offset = absl::Seconds(fields.Integer("iat_offset_s", 0));
    const std::string binding = fields.String("binding", "report");
    EXPECT_TRUE(binding == "report" || binding == "require") << binding;
    options_.binding =
        binding == "require" ? BindingPolicy::kRequire : BindingPolicy::kReport;
    for (NonceIssuer from :
         {NonceIssuer::kAuthorizationServer, NonceIssuer::kResourceServer}) {
      named_keys_.push_back({options_.issuer, options_.client_id, from});
    }
    AddSecret(options_.key_handle);
    if (kind == "token") {
      return Exchange::Token(options_, fields.String("grant_type"), nonces_);
    }
    if (kind == "pushed") return Exchange::Pushed(options_, nonces_);
    EXPECT_EQ(kind, "resource");
    htm_ = fields.String("htm");
    access_token_ = fields.String("access_token");
    AddSecret(access_token_);
    return Exchange::Resource(options_, htm_, access_token_,
                              fields.String("token_type"), nonces_);
  }

  // Returns false if the exchange wants another step.
  bool RunStep(const Json& json, Exchange& exchange) {
    Fields step(json, "step");
    if (step.Has("meanwhile")) {
      StoreNonces(step.List("meanwhile"));
      return true;
    }
    const bool is_sign = step.Has("sign");
    const auto want = is_sign ? Exchange::Next::kSign : Exchange::Next::kSend;
    EXPECT_EQ(exchange.next(), want);
    if (exchange.next() != want) {
      if (exchange.next() == Exchange::Next::kDone) {
        ADD_FAILURE() << VerdictName(exchange.outcome().verdict);
      }
      step.Any(is_sign ? "sign" : "send");
      for (const char* name : {"proof", "signer_error", "answer", "lost"}) {
        if (step.Has(name)) step.Any(name);
      }
      return false;
    }
    if (is_sign) {
      RunSign(step, exchange);
    } else {
      RunSend(step, exchange);
    }
    return true;
  }

  void RunSign(Fields& step, Exchange& exchange) {
    ++signs_;
    ending_body_.clear();
    const ProofRequest request = exchange.proof_request();
    {
      Fields want(step.Any("sign"), "sign");
      EXPECT_EQ(request.algorithm, options_.algorithm);
      EXPECT_EQ(request.htm, htm_);
      EXPECT_EQ(request.htu, options_.url);
      EXPECT_EQ(request.nonce, want.String("nonce", ""));
      AddSecret(request.nonce);
      EXPECT_EQ(request.key_handle, want.String("key_handle", ""));
      EXPECT_EQ(request.return_key_handle,
                want.Boolean("return_key_handle", false));
      EXPECT_EQ(request.iat_offset,
                absl::Seconds(want.Integer("iat_offset_s", 0)));
      std::string hash;
      if (request.access_token_sha256.has_value()) {
        hash.assign(request.access_token_sha256->begin(),
                    request.access_token_sha256->end());
      }
      EXPECT_EQ(absl::BytesToHexString(hash),
                want.String("access_token_sha256", ""));
    }
    if (step.Has("signer_error")) {
      Fields error(step.Any("signer_error"), "signer_error");
      const absl::StatusCode code = CodeFromName(error.String("code"));
      const std::string reason = error.String("reason", "");
      const auto delay = error.OptionalInteger("retry_delay_ms");
      absl::Status status(code, "from the case");
      if (!reason.empty()) {
        status = SignerError(
            code, reason, "from the case",
            delay ? std::optional(absl::Milliseconds(*delay)) : std::nullopt);
      }
      exchange.OnProof(status, absl::Milliseconds(kSignerMs));
      return;
    }
    const Json given = step.Has("proof") ? step.Any("proof") : Json::object();
    Fields proof(given, "proof");
    const std::string handle = absl::StrCat("handle-", signs_);
    jwt_ = proof.String("jwt", absl::StrCat("proof-", signs_));
    Proof made = {.jwt = jwt_,
                  .jkt = proof.String("jkt", absl::StrCat("jkt-", signs_)),
                  .key_handle = proof.String(
                      "key_handle", request.return_key_handle ? handle : "")};
    AddSecret(made.jwt);
    AddSecret(made.key_handle);
    exchange.OnProof(std::move(made), absl::Milliseconds(kSignerMs));
  }

  void RunSend(Fields& step, Exchange& exchange) {
    ++sends_;
    const Exchange::Attempt attempt = exchange.attempt();
    {
      Fields want(step.Any("send"), "send");
      Headers headers = {{"DPoP", jwt_}};
      if (!access_token_.empty()) {
        headers.emplace_back("Authorization",
                             absl::StrCat("DPoP ", access_token_));
      }
      if (want.Has("headers")) headers = want.Headers("headers");
      EXPECT_THAT(attempt.headers,
                  ::testing::UnorderedElementsAreArray(headers));
      EXPECT_EQ(attempt.number, sends_);
      for (const auto& [name, value] : attempt.headers) {
        if (name != "DPoP") continue;
        EXPECT_TRUE(sent_proofs_.insert(value).second) << "sent twice";
      }
    }
    if (step.Has("lost")) {
      Fields lost(step.Any("lost"), "lost");
      const bool sent = lost.Boolean("sent");
      exchange.OnTransportError(
          absl::Status(CodeFromName(lost.String("code", "UNAVAILABLE")),
                       "from the case"),
          sent, absl::Milliseconds(lost.Integer("took_ms", kAnswerMs)));
      ending_body_.clear();
      return;
    }
    const HttpAnswer answer = ReadAnswer(step.Any("answer"));
    AddSecret(ReadNonce(answer).value);
    ending_body_ = answer.body;
    exchange.OnAnswer(answer);
  }

  static HttpAnswer ReadAnswer(const Json& json) {
    Fields fields(json, "answer");
    HttpAnswer answer;
    answer.status = static_cast<int>(fields.Integer("status"));
    answer.headers = fields.Headers("headers");
    EXPECT_LE(
        fields.Has("json") + fields.Has("body") + fields.Has("body_base64"), 1);
    if (fields.Has("json")) answer.body = fields.Any("json").dump();
    if (fields.Has("body")) answer.body = fields.String("body");
    if (fields.Has("body_base64")) {
      EXPECT_TRUE(
          absl::Base64Unescape(fields.String("body_base64"), &answer.body));
    }
    if (const auto size = fields.OptionalInteger("body_size")) {
      answer.body.resize(static_cast<size_t>(*size), ' ');
    }
    const int64_t sent_at = fields.Integer("sent_at_ms", kSentAtMs);
    answer.sent_at = absl::FromUnixMillis(sent_at);
    answer.received_at = absl::FromUnixMillis(
        fields.Integer("received_at_ms", sent_at + kAnswerMs));
    return answer;
  }

  void CheckOutcome(const Outcome& got) {
    Fields want(fields_.Any("outcome"), "outcome");
    EXPECT_EQ(VerdictName(got.verdict), want.String("verdict"));
    EXPECT_EQ(got.ok(), want.Boolean("ok"));
    EXPECT_EQ(got.http_status, want.Integer("http_status"));
    EXPECT_EQ(got.attempts, want.Integer("attempts"));
    EXPECT_EQ(BindingName(got.binding), want.String("binding", "none"));
    EXPECT_EQ(HintName(got.hint), want.String("hint", "none"));
    EXPECT_EQ(got.idp_token_type, want.String("idp_token_type", ""));
    EXPECT_EQ(got.downgrade, want.Boolean("downgrade", false));
    EXPECT_EQ(got.jkt, want.String("jkt", ""));
    EXPECT_EQ(got.key_handle, want.String("key_handle", ""));
    EXPECT_EQ(got.error, want.String("error", ""));
    EXPECT_EQ(got.error_description, want.String("error_description", ""));
    EXPECT_EQ(got.nonce_challenges, want.Integer("nonce_challenges", 0));
    EXPECT_EQ(got.nonce_malformed, want.Boolean("nonce_malformed", false));
    EXPECT_EQ(got.nonce_ambiguous, want.Boolean("nonce_ambiguous", false));
    EXPECT_EQ(got.safe_to_repeat, want.Boolean("safe_to_repeat", false));
    EXPECT_EQ(InUnits(got.retry_after, absl::Seconds(1)),
              want.OptionalInteger("retry_after_s"));
    EXPECT_EQ(InUnits(got.clock_skew, absl::Milliseconds(1)),
              want.OptionalInteger("clock_skew_ms"));
    EXPECT_EQ(got.location_host, want.String("location_host", ""));
    EXPECT_EQ(got.content_type, want.String("content_type", ""));
    EXPECT_EQ(got.body_size, static_cast<size_t>(want.Integer("body_size", 0)));
    std::string code = "OK";
    std::string reason;
    if (want.Has("signer")) {
      Fields signer(want.Any("signer"), "signer");
      code = signer.String("code");
      reason = signer.String("reason", "");
    }
    EXPECT_EQ(service::CodeName(got.signer.raw_code()), code);
    EXPECT_EQ(ReasonOf(got.signer), reason);
    EXPECT_EQ(service::CodeName(got.transport.raw_code()),
              want.String("transport", "OK"));
    EXPECT_EQ(absl::ToInt64Milliseconds(got.signer_time),
              want.Integer("signer_ms", signs_ * kSignerMs));
    std::vector<int64_t> idp_ms;
    for (absl::Duration time : got.idp_times) {
      idp_ms.push_back(absl::ToInt64Milliseconds(time));
    }
    std::vector<int64_t> want_ms(sends_, kAnswerMs);
    if (want.Has("idp_ms")) {
      want_ms = want.Any("idp_ms").get<std::vector<int64_t>>();
    }
    EXPECT_EQ(idp_ms, want_ms);
    CheckAlways(got);
  }

  // Checks what holds in every case.
  void CheckAlways(const Outcome& got) {
    EXPECT_LE(sends_, 2);
    EXPECT_TRUE(got.body ==
                (ending_body_.size() <= kMaxBodySize ? ending_body_ : ""));
    for (const std::string& secret : secrets_) {
      if (secret.size() < 8) continue;
      for (const std::string& text :
           {got.error, got.error_description, got.idp_token_type,
            got.content_type, got.location_host}) {
        EXPECT_FALSE(absl::StrContains(text, secret)) << text;
      }
    }
  }

  static std::optional<int64_t> InUnits(std::optional<absl::Duration> duration,
                                        absl::Duration unit) {
    if (!duration.has_value()) return std::nullopt;
    return *duration / unit;
  }

  void AddSecret(const std::string& secret) { secrets_.push_back(secret); }

  Fields fields_;
  NonceStore nonces_;
  ExchangeOptions options_;
  std::string htm_ = "POST";
  std::string access_token_;
  std::string jwt_;
  std::string ending_body_;  // of the last answer, if no step followed
  int signs_ = 0;
  int sends_ = 0;
  std::vector<NonceKey> named_keys_;
  std::set<std::string> sent_proofs_;
  std::vector<std::string> secrets_;
};

class ExchangeCasesTest : public ::testing::TestWithParam<Case> {};

//= rfc9449#5
//# To request an access token that is bound to a public key using DPoP, the
//# client MUST provide a valid DPoP proof JWT in a DPoP header when making an
//# access token request to the authorization server's token endpoint.
//# type=test
//= rfc9449#5
//# The client MUST discard the response in this case if this protection is
//# deemed important for the security of the application; otherwise, the client
//# may continue as in a regular OAuth interaction.
//# type=test
//= rfc9449#7
//# Requests to DPoP-protected resources MUST include both a DPoP proof as per
//# Section 4 and the access token as described in Section 7.1.
//# type=test
//= rfc9449#8.2
//# The client MUST use the new nonce value supplied for the next token request
//# and for all subsequent token requests until the authorization server
//# supplies a new nonce.
//# type=test
TEST_P(ExchangeCasesTest, Run) { CaseRun(GetParam()).Run(); }

PROOFMINT_INSTANTIATE_CASES(ExchangeCasesTest, "exchanges");

}  // namespace
}  // namespace proofmint
