// Defines what ExchangeCaseRun checks at the end of a case.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "signer/service/contract/error_details.h"
#include "tests/exchange/exchange_case_run.h"

namespace proofmint::testing {
namespace {

using Json = nlohmann::json;

std::optional<int64_t> InUnits(std::optional<absl::Duration> duration,
                               absl::Duration unit) {
  if (!duration.has_value()) return std::nullopt;
  return *duration / unit;
}

}  // namespace

void ExchangeCaseRun::CheckNonces(const std::vector<Json>& nonces) {
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

void ExchangeCaseRun::CheckOutcome(const Outcome& got) {
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

void ExchangeCaseRun::CheckAlways(const Outcome& got) {
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

}  // namespace proofmint::testing
