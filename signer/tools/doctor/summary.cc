#include "signer/tools/doctor/summary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {

std::string RemedyForRefusal(const Outcome& outcome) {
  const std::string& error = outcome.error;
  absl::string_view where;
  if (error == "invalid_grant") {
    where =
        "the code or refresh token: expired, used before, for another redirect "
        "URI or client";
    if (outcome.hint == Hint::kPinnedKey) {
      return absl::StrCat("look at ", where,
                          "; or bound to another key than the handle's");
    }
  } else if (error == "invalid_client") {
    where = "the client's id, its secret or key, and how it authenticates";
  } else if (error == "unauthorized_client" ||
             error == "unsupported_grant_type") {
    where = "the grant types that the provider allows this client";
  } else if (error == "invalid_scope") {
    where = "--scope, and the scopes that the provider allows this client";
  } else if (error == "invalid_target") {
    where = "--resource";
  } else {
    where = "what the provider says, and its log";
  }
  return absl::StrCat("not caused by DPoP: look at ", where);
}

void CheckSummary(const Discovery& discovery, const RequestResult& result,
                  Report& report) {
  if (const Check* failed = report.First(CheckStatus::kFail)) {
    report.Skip("summary", absl::StrCat("the first failure is ", failed->id));
    return;
  }
  if (!result.problem.empty()) {
    report.Fail("summary", result.problem, "a code from the login",
                "not caused by DPoP: look at the client's redirect URIs, flows "
                "and scopes at the provider");
    return;
  }
  if (const Check* unknown = report.First(CheckStatus::kUnknown)) {
    report.Skip("summary", absl::StrCat("not found out: ", unknown->id));
    return;
  }
  const std::string algorithm(
      discovery.choice.has_value()
          ? dpop::AlgorithmName(discovery.choice->algorithm)
          : "no algorithm");
  if (!result.token.has_value()) {
    report.Ok("summary", absl::StrCat("discovery is fine for ", algorithm,
                                      "; --client_id and --grant try it"));
    return;
  }
  const Outcome& outcome = result.token->outcome;
  if (result.is_probe) {
    report.Ok("summary",
              absl::StrCat("the provider reads proofs of ", algorithm,
                           "; --grant=login shows what it binds"));
  } else if (HasToken(outcome)) {
    report.Ok(
        "summary",
        absl::StrCat(
            "tokens come: dpop_signing_alg ", algorithm, ", idp_token_type ",
            outcome.idp_token_type.empty() ? "missing" : outcome.idp_token_type,
            ", binding ", BindingName(outcome.binding)));
  } else {
    report
        .Fail("summary", Describe(outcome), "a token",
              RemedyForRefusal(outcome))
        .http = result.token->http;
  }
}

}  // namespace proofmint::doctor
