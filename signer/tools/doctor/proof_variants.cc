#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "signer/dpop/algorithm.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {
namespace {

// Tells whether the provider took the proof of `outcome` for a good one, where
// it answers `good` to one that is good.
bool Accepted(const Outcome& good, const Outcome& outcome) {
  return HasToken(good) ? HasToken(outcome) : SameAnswer(good, outcome);
}

// Tells whether the provider looked at the proof and did not like it.
bool IsRefused(const Outcome& outcome) {
  return outcome.verdict == Verdict::kProofRejected ||
         outcome.verdict == Verdict::kNonceRejected;
}

std::string Name(Spoil spoil) {
  switch (spoil) {
    case Spoil::kOtherUrl:
      return "another URL in htu";
    case Spoil::kOtherMethod:
      return "another method in htm";
    case Spoil::kOldIat:
      return "an iat of 5 minutes ago";
    case Spoil::kReplay:
      return "a proof that was sent before";
    default:
      return "";
  }
}

}  // namespace

void CheckProofMatters(const Sent& good, const Sent* other_url,
                       const TokenRequest& again, IdentityProvider& provider,
                       Report& report) {
  std::vector<std::string> accepted;
  std::vector<std::string> refused;
  std::vector<HttpLine> lines;
  auto note = [&](Spoil spoil, const Outcome& outcome) {
    if (Accepted(good.outcome, outcome)) {
      // Where no token comes, a replay may get the answer of a made-up code.
      if (spoil != Spoil::kReplay || HasToken(good.outcome)) {
        accepted.push_back(Name(spoil));
      }
    } else if (IsRefused(outcome) || (spoil == Spoil::kReplay &&
                                      outcome.verdict == Verdict::kRefused)) {
      refused.push_back(Name(spoil));
    }
  };
  std::vector<Spoil> spoils = {Spoil::kOtherMethod, Spoil::kOldIat,
                               Spoil::kReplay};
  if (other_url == nullptr) {
    spoils.insert(spoils.begin(), Spoil::kOtherUrl);
  } else {
    note(Spoil::kOtherUrl, other_url->outcome);
  }
  for (Spoil spoil : spoils) {
    if (provider.RequestsLeft() < 1) break;
    provider.set_spoil(spoil);
    const Sent sent = again();
    provider.set_spoil(Spoil::kNothing);
    lines.insert(lines.end(), sent.http.begin(), sent.http.end());
    // A replay has the old nonce, too, and may be refused for that.
    if (spoil == Spoil::kReplay && sent.outcome.nonce_challenges > 0) {
      refused.push_back(Name(spoil));
    } else if (sent.outcome.http_status != 0) {
      note(spoil, sent.outcome);
    }
  }
  std::string found = absl::StrCat(
      "refused: ", refused.empty() ? "nothing" : absl::StrJoin(refused, ", "),
      "; accepted: ",
      accepted.empty() ? "nothing" : absl::StrJoin(accepted, ", "));
  if (refused.empty() && !accepted.empty()) {
    report
        .Warn(
            "token.proof_matters", std::move(found), "bad proofs refused",
            "the provider accepts the header without checking it, and may not "
            "support DPoP: ask it. That explains bearer tokens")
        .http = std::move(lines);
  } else {
    report.Ok("token.proof_matters", std::move(found)).http = std::move(lines);
  }
}

void CheckAlgorithms(const Sent& good, const TokenRequest& again,
                     IdentityProvider& provider, Report& report) {
  const auto& list = provider.metadata().dpop_signing_alg_values_supported;
  const dpop::Algorithm first = provider.algorithm();
  std::vector<std::string> found;
  std::vector<std::string> surprises;
  std::vector<HttpLine> lines;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    const std::string name(dpop::AlgorithmName(algorithm));
    bool accepted = true;
    if (algorithm != first) {
      if (provider.RequestsLeft() < 1) {
        found.push_back(absl::StrCat(name, " not tried"));
        continue;
      }
      provider.set_algorithm(algorithm);
      const Sent sent = again();
      lines.insert(lines.end(), sent.http.begin(), sent.http.end());
      accepted = Accepted(good.outcome, sent.outcome);
      if (!accepted && !IsRefused(sent.outcome)) {
        found.push_back(
            absl::StrCat(name, " unclear (", Describe(sent.outcome), ")"));
        continue;
      }
    }
    found.push_back(absl::StrCat(name, accepted ? " accepted" : " refused"));
    const bool listed =
        list.has_value() &&
        std::find(list->begin(), list->end(), name) != list->end();
    if (listed && !accepted) surprises.push_back(name);
  }
  provider.set_algorithm(first);
  if (surprises.empty()) {
    report.Ok("token.algorithms", absl::StrJoin(found, ", ")).http =
        std::move(lines);
  } else {
    report
        .Warn("token.algorithms", absl::StrJoin(found, ", "),
              "what is published accepted",
              absl::StrCat("do not configure ", absl::StrJoin(surprises, ", "),
                           "; tell the provider that it publishes what it "
                           "refuses"))
        .http = std::move(lines);
  }
}

}  // namespace proofmint::doctor
