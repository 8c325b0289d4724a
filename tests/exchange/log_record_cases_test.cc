// Runs the section "log_records" of exchange_cases.json.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/log_record.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/testing/fake_proof_source.h"
#include "tests/exchange/case_file.h"

namespace proofmint {
namespace {

using testing::Case;
using testing::Fields;

// In the file it stands for all that is secret.
constexpr char kSecret[] = "s3cr3t";

class LogRecordCasesTest : public ::testing::TestWithParam<Case> {};

// Returns the value up to `last` that has the name `name`.
template <typename T>
T FromName(const std::string& name, absl::string_view (*name_of)(T), T last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name_of(static_cast<T>(i)) == name) return static_cast<T>(i);
  }
  ADD_FAILURE() << "unknown name: " << name;
  return last;
}

absl::string_view CodeName(absl::StatusCode code) {
  static std::string name;
  return name = absl::StatusCodeToString(code);
}

absl::Status ReadSignerError(const nlohmann::json& object) {
  Fields fields(object, "signer");
  return SignerError(FromName(fields.String("code"), CodeName,
                              absl::StatusCode::kUnauthenticated),
                     fields.String("reason", ""), kSecret);
}

Outcome ReadOutcome(const nlohmann::json& object) {
  Fields fields(object, "outcome");
  Outcome outcome;
  outcome.verdict =
      FromName(fields.String("verdict"), VerdictName, Verdict::kNotSent);
  outcome.accepted = fields.Boolean("ok");
  outcome.binding = FromName(fields.String("binding", "none"), BindingName,
                             Binding::kMismatch);
  outcome.hint =
      FromName(fields.String("hint", "none"), HintName, Hint::kTokenNotUsable);
  outcome.idp_token_type = fields.String("idp_token_type", "");
  outcome.downgrade = fields.Boolean("downgrade", false);
  outcome.jkt = fields.String("jkt", "");
  outcome.key_handle = fields.String("key_handle", "");
  outcome.error = fields.String("error", "");
  outcome.error_description = fields.String("error_description", "");
  outcome.http_status = static_cast<int>(fields.Integer("http_status", 0));
  outcome.attempts = static_cast<int>(fields.Integer("attempts", 0));
  outcome.nonce_challenges =
      static_cast<int>(fields.Integer("nonce_challenges", 0));
  outcome.nonce_malformed = fields.Boolean("nonce_malformed", false);
  outcome.nonce_ambiguous = fields.Boolean("nonce_ambiguous", false);
  if (const auto seconds = fields.OptionalInteger("retry_after_s")) {
    outcome.retry_after = absl::Seconds(*seconds);
  }
  if (const auto ms = fields.OptionalInteger("clock_skew_ms")) {
    outcome.clock_skew = absl::Milliseconds(*ms);
  }
  outcome.location_host = fields.String("location_host", "");
  outcome.content_type = fields.String("content_type", "");
  outcome.body_size = static_cast<size_t>(fields.Integer("body_size", 0));
  outcome.body = fields.String("body", "");
  if (fields.Has("signer")) {
    outcome.signer = ReadSignerError(fields.Any("signer"));
  }
  outcome.signer_time = absl::Milliseconds(fields.Integer("signer_ms", 0));
  for (const nlohmann::json& ms : fields.List("idp_ms")) {
    outcome.idp_times.push_back(absl::Milliseconds(ms.get<int64_t>()));
  }
  return outcome;
}

LogContext ReadContext(const nlohmann::json& object) {
  Fields fields(object, "context");
  return {.issuer = fields.String("issuer", ""),
          .client_id = fields.String("client_id", ""),
          .grant_type = fields.String("grant_type", ""),
          .trace_id = fields.String("trace_id", ""),
          .later_failure = fields.String("later_failure", "")};
}

TEST_P(LogRecordCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  std::optional<dpop::Algorithm> configured;
  if (fields.Has("configured")) {
    configured = dpop::AlgorithmFromName(fields.String("configured"));
    ASSERT_TRUE(configured.has_value());
  }
  std::optional<Outcome> userinfo;
  if (fields.Has("userinfo")) userinfo = ReadOutcome(fields.Any("userinfo"));
  const std::string text = LogRecord(
      ReadContext(fields.Any("context")), configured,
      ReadOutcome(fields.Any("token")), userinfo ? &*userinfo : nullptr);
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr(kSecret)));

  const nlohmann::json want = fields.Any("record");
  nlohmann::json got = nlohmann::json::parse(text);
  EXPECT_NE(got.value("description", ""), "");
  if (!want.contains("description")) got.erase("description");
  EXPECT_EQ(got, want);
}

PROOFMINT_INSTANTIATE_CASES(LogRecordCasesTest, "log_records");

}  // namespace
}  // namespace proofmint
