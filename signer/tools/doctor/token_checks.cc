#include "signer/tools/doctor/token_checks.h"

#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace proofmint::doctor {
namespace {

constexpr absl::Duration kSlow = absl::Seconds(2);

std::string NonceRemedy(Hint hint) {
  switch (hint) {
    case Hint::kChallengeWithoutNonce:
      return "ask the provider for the header DPoP-Nonce in its challenge; "
             "look for a proxy that removes it";
    case Hint::kUnusableNonce:
      return "the provider sends an unusable nonce: ask it for 1 to 1536 "
             "characters that RFC 9449 section 8.1 allows";
    case Hint::kNonceRepeated:
      return "the provider refuses the nonce that it offers: ask it whether "
             "its nodes share the secret of their nonces";
    default:
      return "the nonce changed between two requests: ask the provider whether "
             "its nodes share their nonces, and how long one is valid";
  }
}

std::string Milliseconds(const std::vector<absl::Duration>& times) {
  return absl::StrJoin(times, " + ", [](std::string* out, absl::Duration time) {
    absl::StrAppend(out, absl::ToInt64Milliseconds(time), " ms");
  });
}

}  // namespace

std::string Describe(const Outcome& outcome) {
  if (!outcome.signer.ok()) {
    const std::string reason = ReasonOf(outcome.signer);
    return absl::StrCat("the signer: ", reason, reason.empty() ? "" : ": ",
                        outcome.signer.message());
  }
  if (outcome.http_status == 0) {
    return absl::StrCat("no answer: ", outcome.transport.message());
  }
  std::string text = absl::StrCat("status ", outcome.http_status);
  if (!outcome.error.empty()) absl::StrAppend(&text, " ", outcome.error);
  if (!outcome.error_description.empty()) {
    absl::StrAppend(&text, ": ", outcome.error_description);
  }
  if (outcome.verdict == Verdict::kMalformedAnswer) {
    absl::StrAppend(
        &text, ", ", outcome.body_size, " bytes of ",
        outcome.content_type.empty() ? "no type" : outcome.content_type);
    if (!outcome.location_host.empty()) {
      absl::StrAppend(&text, ", a redirect to ", outcome.location_host);
    }
  }
  return text;
}

void CheckClient(const Sent& sent, const IdentityProvider& provider,
                 const Discovery& discovery, Report& report) {
  const Outcome& outcome = sent.outcome;
  const std::string method(
      AuthenticationMethodName(provider.client().method()));
  switch (outcome.verdict) {
    case Verdict::kRefused:
      if (outcome.error != "invalid_client") break;
      report
          .Fail("token.client",
                absl::StrCat(Describe(outcome), " (", method, ")"),
                "client authentication accepted",
                absl::StrCat(
                    "not DPoP: check the client's id and secret or key, and "
                    "--token_endpoint_auth_method; the provider publishes ",
                    discovery.authentication_methods.empty()
                        ? "no methods"
                        : absl::StrJoin(discovery.authentication_methods, " ")))
          .http = sent.http;
      return;
    case Verdict::kIdpUnavailable:
      report
          .Unknown("token.client", Describe(outcome),
                   "an answer of the token endpoint",
                   "check the provider and the network to it, and try again")
          .http = sent.http;
      return;
    case Verdict::kProofRejected:
    case Verdict::kNonceRejected:
      report.Skip("token.client",
                  "the proof was refused; perhaps before the client was looked "
                  "at");
      return;
    case Verdict::kMalformedAnswer:
    case Verdict::kSignerUnavailable:
    case Verdict::kSignerRefused:
    case Verdict::kNotSent:
      if (!HasToken(outcome)) {
        report.Skip("token.client", "no answer that says");
        return;
      }
      break;
    default:
      break;
  }
  report.Ok("token.client", method).http = sent.http;
}

void CheckNonce(const Sent& sent, Report& report) {
  const Outcome& outcome = sent.outcome;
  const std::vector<absl::Duration>& times = outcome.idp_times;
  const absl::Duration sum =
      std::accumulate(times.begin(), times.end(), absl::ZeroDuration());
  if (outcome.verdict == Verdict::kNonceRejected) {
    report
        .Fail("token.nonce", std::string(HintText(outcome.hint)),
              "one challenge with a nonce, which the second attempt uses",
              NonceRemedy(outcome.hint))
        .http = sent.http;
  } else if (outcome.http_status == 0) {
    report.Skip("token.nonce", "no answer that says");
  } else if (outcome.nonce_malformed) {
    report
        .Warn("token.nonce", "a header DPoP-Nonce is not a nonce",
              "1 to 1536 characters (RFC 9449 section 8.1)",
              NonceRemedy(Hint::kUnusableNonce))
        .http = sent.http;
  } else if (outcome.nonce_ambiguous) {
    report
        .Warn("token.nonce", "one answer had two different nonces",
              "one header DPoP-Nonce",
              "ask the provider; look for a proxy that adds one. The first is "
              "taken")
        .http = sent.http;
  } else if (sum > kSlow) {
    report
        .Warn("token.nonce", Milliseconds(times), "at most 2 s in all",
              outcome.nonce_challenges > 0
                  ? "two round trips: sensitive to timeouts. Check the network "
                    "to the provider; give a login more time"
                  : "check the network to the provider; give a login more time")
        .http = sent.http;
  } else {
    std::string found =
        outcome.nonce_challenges == 0
            ? absl::StrCat("not asked for; ", Milliseconds(times))
            : absl::StrCat("asked for, and accepted at the second attempt: ",
                           Milliseconds(times));
    if (sent.new_nonce) absl::StrAppend(&found, "; the answer has a new one");
    report.Ok("token.nonce", std::move(found)).http = sent.http;
  }
}

}  // namespace proofmint::doctor
