#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {
namespace {

constexpr absl::Duration kSkewThatMatters = absl::Seconds(5);
constexpr absl::string_view kWantProof = "the proof accepted";

// Returns what to do about a proof that was refused, as far as the cause can be
// found out.
std::string Cause(const Sent& sent, const TokenRequest& again,
                  IdentityProvider& provider, const Discovery& discovery) {
  const Outcome& outcome = sent.outcome;
  if (discovery.choice.has_value() && !discovery.choice->advertised) {
    return "the provider publishes no algorithms and may not support ours: try "
           "--algorithm=ES256, Ed25519 or EdDSA, and ask it";
  }
  if (discovery.clock_skew.has_value() &&
      absl::AbsDuration(*discovery.clock_skew) > kSkewThatMatters) {
    return absl::StrCat("the clocks differ by ",
                        absl::ToInt64Seconds(*discovery.clock_skew),
                        " s: see clock.host");
  }
  if (again != nullptr && provider.RequestsLeft() > 0) {
    provider.set_spoil(Spoil::kOtherScheme);
    const Sent other = again();
    provider.set_spoil(Spoil::kNothing);
    if (other.outcome.verdict == Verdict::kRefused || HasToken(other.outcome)) {
      return "the provider expects the other scheme, http or https, in htu: it "
             "does not know that it stands behind a proxy; ask it to configure "
             "its public URL (X-Forwarded-Proto)";
    }
  }
  const std::string description =
      absl::AsciiStrToLower(outcome.error_description);
  if (absl::StrContains(description, "htu")) {
    return "the provider expects another URL in htu than its token endpoint: "
           "ask it to configure its public URL";
  }
  if (absl::StrContains(description, "iat") ||
      absl::StrContains(description, "expired")) {
    return "the provider finds the proof too old or too new: compare the "
           "clocks of the signer's host and the provider's";
  }
  return "ask the provider what it refuses in the proof; `proofmint sign` and "
         "`proofmint inspect` show one";
}

// Adds token.proof for an answer that says nothing about the proof. Returns
// whether it was one.
bool SkipProof(const Sent& sent, Report& report) {
  const Outcome& outcome = sent.outcome;
  switch (outcome.verdict) {
    case Verdict::kNonceRejected:
      report.Skip("token.proof", "the nonce was refused");
      return true;
    case Verdict::kIdpUnavailable:
    case Verdict::kSignerUnavailable:
    case Verdict::kSignerRefused:
    case Verdict::kNotSent:
      report
          .Unknown("token.proof", Describe(outcome),
                   "an answer that depends on the proof",
                   outcome.signer.ok()
                       ? "check the provider and try again; if it fails at the "
                         "made-up code of code_probe, take "
                         "--grant=client_credentials or --grant=login"
                       : "see the log of proofmintd, and try again")
          .http = sent.http;
      return true;
    case Verdict::kRefused:
      if (outcome.error != "invalid_client") return false;
      report.Skip("token.proof", "the client was not accepted");
      return true;
    case Verdict::kMalformedAnswer:
      if (HasToken(outcome)) return false;
      report
          .Fail("token.proof", Describe(outcome),
                "a JSON answer (RFC 6749 section 5)",
                "check the token endpoint: a proxy or a login page may answer "
                "for it; redirects are not followed")
          .http = sent.http;
      return true;
    default:
      return false;
  }
}

}  // namespace

bool SameAnswer(const Outcome& a, const Outcome& b) {
  return a.verdict == b.verdict && a.error == b.error &&
         a.http_status == b.http_status;
}

void FailProof(const Sent& sent, const TokenRequest& again,
               IdentityProvider& provider, const Discovery& discovery,
               Report& report) {
  const std::string cause = Cause(sent, again, provider, discovery);
  report
      .Fail("token.proof", Describe(sent.outcome), std::string(kWantProof),
            cause)
      .http = sent.http;
}

bool CheckProbe(const Sent& good, const Sent& bad, Report& report) {
  if (SkipProof(good, report)) return false;
  std::vector<HttpLine> lines = good.http;
  lines.insert(lines.end(), bad.http.begin(), bad.http.end());
  if (HasToken(good.outcome)) {
    report
        .Fail("token.proof", "a token for a made-up code", "invalid_grant",
              "report it to the provider at once: it gives tokens to everyone")
        .http = std::move(lines);
    return false;
  }
  if (SameAnswer(good.outcome, bad.outcome) ||
      bad.outcome.verdict == Verdict::kIdpUnavailable) {
    report
        .Unknown("token.proof",
                 absl::StrCat(Describe(good.outcome),
                              " for a good proof and for a bad one"),
                 "different answers",
                 "the provider looks at the code first: take "
                 "--grant=client_credentials or --grant=login")
        .http = std::move(lines);
    return false;
  }
  report
      .Ok("token.proof",
          absl::StrCat("a good proof gets ", good.outcome.error,
                       ", one for another URL gets ", bad.outcome.error))
      .http = std::move(lines);
  return true;
}

void CheckProof(const Sent& sent, const TokenRequest& again,
                IdentityProvider& provider, const Discovery& discovery,
                Report& report) {
  if (SkipProof(sent, report)) return;
  if (sent.outcome.verdict == Verdict::kProofRejected) {
    FailProof(sent, again, provider, discovery, report);
  } else if (HasToken(sent.outcome)) {
    report.Ok("token.proof", "a token came").http = sent.http;
  } else {
    report.Skip("token.proof", absl::StrCat("refused for another reason: ",
                                            Describe(sent.outcome)));
  }
}

}  // namespace proofmint::doctor
