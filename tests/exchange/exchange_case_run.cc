#include "tests/exchange/exchange_case_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "signer/exchange/run.h"
#include "signer/exchange/testing/fake_proof_source.h"
#include "signer/service/contract/error_details.h"

namespace proofmint::testing {
namespace {

using Json = nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kIssuer[] = "https://idp.example";
constexpr char kClient[] = "broker";
constexpr int64_t kSentAtMs = 1767323045000;

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

}  // namespace

void ExchangeCaseRun::Run() {
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

NonceKey ExchangeCaseRun::ReadKey(Fields& fields) {
  NonceKey key = {fields.String("issuer", kIssuer),
                  fields.String("client_id", kClient),
                  NonceIssuerFromName(fields.String("from", "as"))};
  named_keys_.push_back(key);
  return key;
}

void ExchangeCaseRun::StoreNonces(const std::vector<Json>& nonces) {
  for (const Json& entry : nonces) {
    Fields fields(entry, "nonce");
    const NonceKey key = ReadKey(fields);
    nonces_.Put(key, fields.String("nonce"));
  }
}

Exchange ExchangeCaseRun::MakeExchange() {
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

bool ExchangeCaseRun::RunStep(const Json& json, Exchange& exchange) {
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

void ExchangeCaseRun::RunSign(Fields& step, Exchange& exchange) {
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

HttpAnswer ExchangeCaseRun::ReadAnswer(const Json& json) {
  Fields fields(json, "answer");
  HttpAnswer answer;
  answer.status = static_cast<int>(fields.Integer("status"));
  answer.headers = fields.Headers("headers");
  EXPECT_LE(fields.Has("json") + fields.Has("body") + fields.Has("body_base64"),
            1);
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

void ExchangeCaseRun::RunSend(Fields& step, Exchange& exchange) {
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
    EXPECT_THAT(attempt.headers, ::testing::UnorderedElementsAreArray(headers));
    EXPECT_EQ(attempt.number, sends_);
    for (const auto& [name, value] : attempt.headers) {
      if (name != "DPoP") continue;
      EXPECT_TRUE(sent_proofs_.insert(value).second) << "sent twice";
    }
  }
  if (step.Has("lost")) {
    Fields lost(step.Any("lost"), "lost");
    Lose(lost, exchange);
    ending_body_.clear();
    return;
  }
  HttpAnswer answer = ReadAnswer(step.Any("answer"));
  AddSecret(ReadNonce(answer).value);
  ending_body_ = answer.body;
  if (transport_ != nullptr) {
    absl::StatusOr<HttpAnswer> received = transport_->Send(
        htm_, options_.url, attempt, ExchangeTransport::Play::kAnswer, answer);
    ASSERT_TRUE(received.ok()) << received.status();
    received->sent_at = answer.sent_at;
    received->received_at = answer.received_at;
    answer = *std::move(received);
  }
  exchange.OnAnswer(answer);
}

void ExchangeCaseRun::Lose(Fields& lost, Exchange& exchange) {
  const bool sent = lost.Boolean("sent");
  absl::Status error(CodeFromName(lost.String("code", "UNAVAILABLE")),
                     "from the case");
  if (transport_ != nullptr) {
    const absl::StatusCode code = error.code();
    error = transport_
                ->Send(htm_, options_.url, exchange.attempt(),
                       sent ? ExchangeTransport::Play::kClose
                            : ExchangeTransport::Play::kRefuse,
                       HttpAnswer())
                .status();
    ASSERT_EQ(error.code(), code) << error;
    EXPECT_EQ(error != NotSentError(error.message()), sent) << error;
  }
  exchange.OnTransportError(
      error, sent, absl::Milliseconds(lost.Integer("took_ms", kAnswerMs)));
}

}  // namespace proofmint::testing
