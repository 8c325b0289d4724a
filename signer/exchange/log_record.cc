#include "signer/exchange/log_record.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/exchange/proof_source.h"
#include "signer/service/contract/error_details.h"

namespace proofmint {
namespace {

using Json = nlohmann::ordered_json;

// Returns `text`, cut between two characters of UTF-8.
std::string Cut(absl::string_view text) {
  if (text.size() <= kMaxLoggedText) return std::string(text);
  size_t size = kMaxLoggedText;
  // A character has at most three bytes after its first.
  for (int i = 0; i < 3 && (text[size] & 0xc0) == 0x80; ++i) --size;
  return std::string(text.substr(0, size));
}

void AddText(Json& record, const char* name, absl::string_view text) {
  if (!text.empty()) record[name] = Cut(text);
}

// Returns tenths of `unit`: digits that mean something.
double InUnits(absl::Duration duration, absl::Duration unit) {
  return std::round(absl::FDivDuration(duration, unit) * 10) / 10;
}

absl::string_view Sentence(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGranted:
      return "The identity provider granted the request.";
    case Verdict::kNotBound:
      return "The identity provider granted a token that is not bound to a "
             "key.";
    case Verdict::kBindingMismatch:
      return "The token is bound to another key than that of the proof.";
    case Verdict::kProofRejected:
      return "The identity provider refused the proof.";
    case Verdict::kNonceRejected:
      return "The identity provider and the signer did not agree on a nonce.";
    case Verdict::kRefused:
      return "The identity provider refused the request for a reason other "
             "than "
             "its proof.";
    case Verdict::kMalformedAnswer:
      return "The answer of the identity provider cannot be used.";
    case Verdict::kIdpUnavailable:
      return "The identity provider is not available.";
    case Verdict::kSignerUnavailable:
      return "The signer made no proof this time; try again.";
    case Verdict::kSignerRefused:
      return "The signer refused to make a proof.";
    case Verdict::kNotSent:
      return "The request was not sent.";
  }
  __builtin_unreachable();
}

std::string Description(const LogContext& context, const Outcome& outcome) {
  if (!context.later_failure.empty()) return context.later_failure;
  std::string text(Sentence(outcome.verdict));
  const absl::string_view hint = HintText(outcome.hint);
  if (!hint.empty()) absl::StrAppend(&text, " ", hint);
  return text;
}

// An exchange ends with a challenge's error only if it ends with a challenge.
absl::string_view UltimateError(const Outcome& outcome) {
  const bool answered_challenge = outcome.error == "use_dpop_nonce" &&
                                  outcome.verdict != Verdict::kNonceRejected;
  return answered_challenge ? "" : absl::string_view(outcome.error);
}

void AddBinding(Json& record, const Outcome& token, const Outcome* userinfo) {
  const bool token_came = !token.idp_token_type.empty() || token.downgrade;
  if (token_came) {
    AddText(record, "idp_token_type", token.idp_token_type);
    record["binding"] = std::string(BindingName(token.binding));
    record["downgrade"] = token.downgrade;
  }
  AddText(record, "jkt", token.jkt);
  if (userinfo != nullptr) {
    record["upstream_userinfo_fetch"] = {
        {"status", userinfo->http_status},
        {"dpop_bound", !userinfo->jkt.empty()}};
  }
}

void AddSigner(Json& record, const Outcome& outcome) {
  if (!outcome.signer.ok()) {
    const service::ErrorDetails details =
        service::DecodeErrorDetails(outcome.signer);
    record["signer_code"] = absl::StatusCodeToString(outcome.signer.code());
    AddText(record, "signer_reason", details.reason);
    if (!details.fields.empty()) {
      AddText(record, "signer_field", details.fields.front());
    }
  }
  record["signer_ms"] = InUnits(outcome.signer_time, absl::Milliseconds(1));
}

void AddAnswer(Json& record, const Outcome& outcome) {
  AddText(record, "error", UltimateError(outcome));
  if (!UltimateError(outcome).empty()) {
    AddText(record, "error_description", outcome.error_description);
  }
  if (outcome.http_status != 0) record["http_status"] = outcome.http_status;
  record["idp_ms"] = Json::array();
  for (absl::Duration time : outcome.idp_times) {
    record["idp_ms"].push_back(InUnits(time, absl::Milliseconds(1)));
  }
  if (outcome.verdict == Verdict::kMalformedAnswer) {
    AddText(record, "location_host", outcome.location_host);
    AddText(record, "content_type", outcome.content_type);
    record["body_size"] = outcome.body_size;
  }
  if (outcome.retry_after.has_value()) {
    record["retry_after_s"] = InUnits(*outcome.retry_after, absl::Seconds(1));
  }
}

void AddProofs(Json& record, const Outcome& outcome) {
  record["attempts"] = outcome.attempts;
  record["nonce_challenges"] = outcome.nonce_challenges;
  if (outcome.nonce_malformed) record["nonce_malformed"] = true;
  if (outcome.nonce_ambiguous) record["nonce_ambiguous"] = true;
  if (outcome.clock_skew.has_value()) {
    record["clock_skew_s"] = InUnits(*outcome.clock_skew, absl::Seconds(1));
  }
}

}  // namespace

std::string LogRecord(const LogContext& context,
                      std::optional<dpop::Algorithm> configured,
                      const Outcome& token, const Outcome* userinfo) {
  const bool userinfo_failed =
      token.ok() && userinfo != nullptr && !userinfo->ok();
  const Outcome& decisive = userinfo_failed ? *userinfo : token;
  const bool success = decisive.ok() && context.later_failure.empty();

  Json record;
  record["type"] = success ? "s" : "f";
  record["description"] = Cut(Description(context, decisive));
  AddText(record, "issuer", context.issuer);
  AddText(record, "client_id", context.client_id);
  AddText(record, "grant_type", context.grant_type);
  AddText(record, "trace_id", context.trace_id);
  if (configured.has_value()) {
    record["dpop_signing_alg"] = std::string(dpop::AlgorithmName(*configured));
    AddBinding(record, token, userinfo);
  }
  record["outcome"] = std::string(VerdictName(decisive.verdict));
  if (configured.has_value() && decisive.hint != Hint::kNone) {
    record["hint"] = std::string(HintName(decisive.hint));
  }
  AddAnswer(record, decisive);
  if (configured.has_value()) {
    AddProofs(record, decisive);
    AddSigner(record, decisive);
  }
  // Escapes all but ASCII, so that no text can end the line or hide in it.
  return record.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/true,
                     Json::error_handler_t::replace);
}

}  // namespace proofmint
