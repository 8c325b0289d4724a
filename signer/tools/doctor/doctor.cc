#include "signer/tools/doctor/doctor.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "signer/tools/doctor/discovery.h"
#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/login_checks.h"
#include "signer/tools/doctor/summary.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {
namespace {

constexpr absl::string_view kTokenIds[] = {
    "token.client",     "token.nonce", "token.proof",  "token.proof_matters",
    "token.algorithms", "token.type",  "token.binding"};
constexpr absl::string_view kLoginIds[] = {
    "userinfo.bound", "userinfo.other_key", "refresh.bound", "code.pinned",
    "par"};

// Returns why no token request can be made, or "".
std::string WhyNoRequests(const DoctorOptions& options, bool has_proofs,
                          const Discovery& discovery) {
  if (options.grant == Grant::kNone) return "--grant=none";
  if (!has_proofs) return "there are no proofs to send";
  if (!discovery.metadata.has_value()) {
    return "there is no token endpoint to trust";
  }
  if (!discovery.choice.has_value()) return "there is no algorithm in common";
  return "";
}

// Adds the checks of a token request that should bring a token.
void CheckToken(Sent& sent, const TokenRequest& again,
                const DoctorOptions& options, const DoctorTools& tools,
                const Discovery& discovery, IdentityProvider& provider,
                Report& report) {
  CheckClient(sent, provider, discovery, report);
  CheckNonce(sent, report);
  CheckProof(sent, again, provider, discovery, report);
  const bool has_token = HasToken(sent.outcome);
  if (again == nullptr) {
    report.Skip("token.proof_matters",
                "a code is for one request; take --grant=code_probe");
    report.Skip("token.algorithms",
                "a code is for one request; take --grant=code_probe");
  } else {
    if (!has_token) {
      report.Skip("token.proof_matters", "no token came");
      report.Skip("token.algorithms", "no token came");
    } else {
      if (options.spoiled) {
        CheckProofMatters(sent, nullptr, again, provider, report);
      } else {
        report.Skip("token.proof_matters", "needs --spoiled");
      }
      CheckAlgorithms(sent, again, provider, report);
    }
  }
  if (!has_token) {
    report.Skip("token.type", "no token came");
    report.Skip("token.binding", "no token came");
    return;
  }
  CheckTokenType(sent, options.connection.require_bound, report);
  CheckBinding(sent, provider, tools.http, report);
}

Sent RunCodeProbe(const DoctorOptions& options, const Discovery& discovery,
                  IdentityProvider& provider, Report& report) {
  const Form code = MadeUpCode(options.connection);
  const TokenRequest again = [&] {
    return provider.RequestToken("authorization_code", code);
  };
  Sent good = again();
  CheckClient(good, provider, discovery, report);
  CheckNonce(good, report);
  bool reads_proofs = false;
  std::optional<Sent> bad;
  if (good.outcome.verdict == Verdict::kProofRejected) {
    FailProof(good, again, provider, discovery, report);
  } else if (good.outcome.verdict == Verdict::kRefused &&
             good.outcome.error != "invalid_client") {
    provider.set_spoil(Spoil::kOtherUrl);
    bad = again();
    provider.set_spoil(Spoil::kNothing);
    reads_proofs = CheckProbe(good, *bad, report);
  } else {
    CheckProbe(good, good, report);
  }
  const std::string why = "the answers do not depend on the proof";
  if (!reads_proofs) {
    report.Skip("token.proof_matters", why);
    report.Skip("token.algorithms", why);
  } else {
    if (options.spoiled) {
      CheckProofMatters(good, &*bad, again, provider, report);
    } else {
      report.Skip("token.proof_matters", "needs --spoiled");
    }
    CheckAlgorithms(good, again, provider, report);
  }
  report.Skip("token.type", "a made-up code brings no token");
  report.Skip("token.binding", "a made-up code brings no token");
  return good;
}

// Adds the checks of requests, and returns the end of the main one.
RequestResult RunRequests(const DoctorOptions& options,
                          const DoctorTools& tools, const Discovery& discovery,
                          IdentityProvider& provider, Report& report) {
  RequestResult result;
  if (options.grant == Grant::kLogin) {
    LoginResult login =
        RunLogin(options, tools.log_in, discovery.pushed_required, provider);
    result.problem = login.problem;
    if (login.token.has_value()) {
      CheckToken(*login.token, nullptr, options, tools, discovery, provider,
                 report);
    } else {
      for (absl::string_view id : kTokenIds) report.Skip(id, "no code came");
    }
    result.userinfo = CheckLogin(options, login, provider, report);
    result.token = std::move(login.token);
    return result;
  }
  if (options.grant == Grant::kCodeProbe) {
    result.token = RunCodeProbe(options, discovery, provider, report);
    result.is_probe = true;
  } else {
    Form form;
    const ConnectionOptions& connection = options.connection;
    if (!connection.scope.empty()) form.emplace_back("scope", connection.scope);
    if (!connection.resource.empty()) {
      form.emplace_back("resource", connection.resource);
    }
    const TokenRequest again = [&provider, form] {
      return provider.RequestToken("client_credentials", form);
    };
    result.token = again();
    CheckToken(*result.token, again, options, tools, discovery, provider,
               report);
  }
  for (absl::string_view id : kLoginIds) {
    report.Skip(id, "needs --grant=login");
  }
  return result;
}

}  // namespace

Report RunDoctor(const DoctorOptions& options, const DoctorTools& tools) {
  Report report{.issuer = options.connection.issuer,
                .client_id = tools.client.id(),
                .version = options.version,
                .started_at = absl::Now(),
                .checks = {},
                .log_record = ""};
  const bool has_proofs =
      CheckSigner(tools.signer, options.connection.algorithms,
                  options.connection.issuer, report);
  const Discovery discovery =
      CheckDiscovery(options.connection, tools.http, report);
  const std::string why = WhyNoRequests(options, has_proofs, discovery);
  if (!why.empty()) {
    for (absl::string_view id : kTokenIds) report.Skip(id, why);
    for (absl::string_view id : kLoginIds) report.Skip(id, why);
    CheckSummary(discovery, /*result=*/{}, report);
    return report;
  }
  IdentityProvider provider({.metadata = *discovery.metadata,
                             .algorithm = discovery.choice->algorithm,
                             .require_bound = options.connection.require_bound,
                             .client = tools.client,
                             .signer = tools.signer.proofs,
                             .http = tools.http});
  const RequestResult result =
      RunRequests(options, tools, discovery, provider, report);
  CheckSummary(discovery, result, report);
  if (result.token.has_value()) {
    report.log_record = provider.LogRecord(
        *result.token,
        result.userinfo.has_value() ? &*result.userinfo : nullptr);
  }
  return report;
}

}  // namespace proofmint::doctor
