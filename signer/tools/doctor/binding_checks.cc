#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/exchange/token_binding.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {
namespace {

// Introspects the opaque token of `outcome` and adds token.binding. What it
// shows becomes the outcome's.
void CheckIntrospection(Outcome& outcome, IdentityProvider& provider,
                        HttpClient& http, Report& report) {
  absl::StatusOr<std::string> answer =
      provider.Introspect(ReadTokens(outcome).access_token);
  std::vector<HttpLine> lines = http.TakeLines();
  const TokenKey key = answer.ok() ? KeyOfIntrospection(*answer) : TokenKey{};
  if (!key.readable) {
    report
        .Ok("token.binding",
            absl::StrCat(
                "claimed by token_type; the token is opaque, and its "
                "introspection says nothing: ",
                answer.ok() ? "not active" : answer.status().message()))
        .http = std::move(lines);
  } else if (key.jkt == outcome.jkt) {
    outcome.binding = Binding::kConfirmed;
    report
        .Ok("token.binding",
            "confirmed: introspection names the key of the last proof")
        .http = std::move(lines);
  } else if (key.jkt.has_value()) {
    outcome.binding = Binding::kMismatch;
    report
        .Fail("token.binding", "introspection names another key",
              "cnf.jkt of the last proof",
              "report it to the provider: the token cannot be used")
        .http = std::move(lines);
  } else {
    report
        .Warn(
            "token.binding", "introspection names no key",
            "cnf.jkt (RFC 9449 section 6.2)",
            "ask the provider: a resource that introspects the token takes it "
            "for a bearer token")
        .http = std::move(lines);
  }
}

}  // namespace

void CheckTokenType(const Sent& sent, bool require_bound, Report& report) {
  const std::string& type = sent.outcome.idp_token_type;
  if (type == "dpop") {
    report.Ok("token.type", "dpop");
    return;
  }
  const std::string found =
      type.empty() ? "a token without token_type"
                   : absl::StrCat(type, " although a proof was sent");
  const std::string remedy =
      "contact your provider: its policy may not ask for DPoP for this client "
      "or resource, it may not support DPoP though it accepts the header (see "
      "--spoiled), or it failed while it read the proof. RFC 9449 allows it";
  if (require_bound) {
    report.Fail("token.type", found, "dpop, by --require_bound", remedy);
  } else {
    report.Warn("token.type", found, "dpop", remedy);
  }
}

void CheckBinding(Sent& sent, IdentityProvider& provider, HttpClient& http,
                  Report& report) {
  Outcome& outcome = sent.outcome;
  switch (outcome.binding) {
    case Binding::kConfirmed:
      if (outcome.idp_token_type == "dpop") {
        report.Ok("token.binding",
                  "confirmed: the token names the key of the last proof");
      } else {
        report.Warn("token.binding",
                    absl::StrCat("the token names our key, but its type is ",
                                 outcome.idp_token_type),
                    "token_type DPoP",
                    "ask the provider; until then send it as it says, as a "
                    "bearer token");
      }
      return;
    case Binding::kMismatch:
      report.Fail("token.binding", "the token names another key",
                  "cnf.jkt of the last proof",
                  "report it to the provider: the token cannot be used. It may "
                  "have bound it to the proof that it challenged");
      return;
    case Binding::kNone:
      report.Skip("token.binding", "the token is not bound");
      return;
    case Binding::kClaimed:
      break;
  }
  if (outcome.hint == Hint::kTokenWithoutKey) {
    report.Warn(
        "token.binding", "the token is a JWT that names no key",
        "cnf.jkt (RFC 9449 section 6.1)",
        "ask the provider: a resource that reads the token takes it for a "
        "bearer token");
  } else if (provider.metadata().introspection_endpoint.empty()) {
    report.Ok(
        "token.binding",
        "claimed by token_type; the token is opaque, and no introspection "
        "endpoint is published");
  } else {
    CheckIntrospection(outcome, provider, http, report);
  }
}

}  // namespace proofmint::doctor
