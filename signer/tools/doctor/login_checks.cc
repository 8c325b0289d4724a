#include "signer/tools/doctor/login_checks.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/exchange/json_object.h"
#include "signer/tools/doctor/token_checks.h"

namespace proofmint::doctor {
namespace {

// Pushes the authorization request. Sets `login.par`, and returns the
// parameters that are left for the URL, or nullopt.
std::optional<Form> Push(const Form& parameters, IdentityProvider& provider,
                         LoginResult& login) {
  Check check{.id = "par"};
  std::optional<Form> left;
  if (provider.metadata().pushed_authorization_request_endpoint.empty()) {
    check.status = CheckStatus::kFail;
    check.found = "pushed_authorization_request_endpoint is not published";
    check.want = "an endpoint (RFC 9126)";
    check.remedy = "run this without --par, or ask the provider for PAR";
    login.par = std::move(check);
    return left;
  }
  const Sent sent = provider.Push(parameters, login.key);
  check.http = sent.http;
  std::string request_uri;
  if (const auto body = ParseJsonObject(sent.outcome.body)) {
    request_uri = StringMember(*body, "request_uri");
  }
  if (sent.outcome.ok() && !request_uri.empty()) {
    login.key = {.handle = sent.outcome.key_handle, .return_handle = true};
    check.found = "accepted with a proof, whose key the code is now bound to";
    left = Form{{"client_id", provider.client().id()},
                {"request_uri", request_uri}};
  } else {
    check.status = CheckStatus::kFail;
    check.found = Describe(sent.outcome);
    check.want = "status 201 with a request_uri";
    check.remedy =
        sent.outcome.verdict == Verdict::kProofRejected
            ? "the provider refuses a proof at this endpoint (RFC 9449 section "
              "10.1): ask it, or send dpop_jkt in the URL instead"
            : "check the client's redirect URIs and scopes at the provider";
  }
  login.par = std::move(check);
  return left;
}

void CheckPinned(const LoginResult& login, Report& report) {
  if (login.key.handle.empty()) {
    report.Skip("code.pinned", "needs --dpop_jkt or --par");
  } else if (!login.token.has_value()) {
    report.Skip("code.pinned", "no code came");
  } else if (HasToken(login.token->outcome)) {
    report.Ok("code.pinned", "redeemed with the key that it is bound to");
  } else if (login.token->outcome.error == "invalid_grant") {
    report.Fail("code.pinned", Describe(login.token->outcome),
                "a token: the proof is by the key that the code is bound to",
                "try without --dpop_jkt and --par; if that works, ask the "
                "provider about dpop_jkt (RFC 9449 section 10)");
  } else {
    report.Skip("code.pinned", "no token came");
  }
}

std::optional<Sent> CheckUserinfo(const DoctorOptions& options,
                                  const Outcome& outcome,
                                  IdentityProvider& provider, Report& report) {
  std::string why;
  if (!HasToken(outcome)) {
    why = "no token came";
  } else if (provider.metadata().userinfo_endpoint.empty()) {
    why = "no userinfo endpoint is published";
  } else if (!options.connection.resource.empty()) {
    why = "the token is for --resource";
  } else if (outcome.idp_token_type != "dpop") {
    why = "the token is not bound";
  }
  if (!why.empty()) {
    report.Skip("userinfo.bound", why);
    report.Skip("userinfo.other_key", why);
    return std::nullopt;
  }
  const Tokens tokens = ReadTokens(outcome);
  Sent bound = provider.GetUserinfo(tokens, {.handle = outcome.key_handle});
  if (!bound.outcome.ok()) {
    report
        .Fail("userinfo.bound", Describe(bound.outcome),
              "status 200 with the key of the token",
              "ask the provider how it checks the proof at its userinfo "
              "endpoint; another system may serve it")
        .http = bound.http;
    report.Skip("userinfo.other_key", "the right key is refused");
    return bound;
  }
  report.Ok("userinfo.bound", "status 200 by the key handle").http = bound.http;
  const Sent other = provider.GetUserinfo(tokens, {});
  if (other.outcome.ok()) {
    report
        .Warn(
            "userinfo.other_key", "status 200 with a proof by another key",
            "status 401 (RFC 9449 section 7.1)",
            "the provider does not enforce the binding: a stolen token works; "
            "ask it")
        .http = other.http;
  } else {
    report
        .Ok("userinfo.other_key",
            absl::StrCat("refused: ", Describe(other.outcome)))
        .http = other.http;
  }
  return bound;
}

void CheckRefresh(const Outcome& outcome, IdentityProvider& provider,
                  Report& report) {
  std::string token = ReadTokens(outcome).refresh_token;
  if (token.empty()) {
    report.Skip("refresh.bound",
                "no refresh token came; --scope='openid offline_access' may "
                "bring one");
    return;
  }
  const Sent by_handle =
      provider.RequestToken("refresh_token", {{"refresh_token", token}},
                            {.handle = outcome.key_handle});
  if (!HasToken(by_handle.outcome)) {
    report
        .Fail("refresh.bound", Describe(by_handle.outcome),
              "a token: the proof is by the key of the login",
              "ask the provider what its refresh tokens need; until then let "
              "users log in again")
        .http = by_handle.http;
    return;
  }
  // The provider may have replaced the refresh token.
  const std::string next = ReadTokens(by_handle.outcome).refresh_token;
  if (!next.empty()) token = next;
  if (provider.RequestsLeft() < 1) {
    report.Ok("refresh.bound", "works by the key handle").http = by_handle.http;
    return;
  }
  const Sent by_other =
      provider.RequestToken("refresh_token", {{"refresh_token", token}});
  std::vector<HttpLine> lines = by_handle.http;
  lines.insert(lines.end(), by_other.http.begin(), by_other.http.end());
  const bool is_public =
      provider.client().method() == AuthenticationMethod::kNone;
  if (!HasToken(by_other.outcome)) {
    report
        .Ok("refresh.bound",
            "works by the key handle alone: keep the handle as long as the "
            "refresh token")
        .http = std::move(lines);
  } else if (is_public) {
    report
        .Warn("refresh.bound", "works with any key, for a public client",
              "the key of the login (RFC 9449 section 5)",
              "the provider does not bind refresh tokens: a stolen one works; "
              "ask it")
        .http = std::move(lines);
  } else {
    report
        .Ok("refresh.bound",
            "works by the key handle and with a new key: no handle has to "
            "outlive the login")
        .http = std::move(lines);
  }
}

}  // namespace

LoginResult RunLogin(const DoctorOptions& options, const LogIn& log_in,
                     bool pushed_required, IdentityProvider& provider) {
  LoginResult login;
  login.key.return_handle = true;
  if (provider.metadata().authorization_endpoint.empty()) {
    login.problem = "authorization_endpoint is not published";
    return login;
  }
  const Login state(options.connection, provider.client().id());
  std::string jkt;
  if (options.pin_code) {
    absl::StatusOr<Proof> proof = provider.SignForLater();
    if (!proof.ok()) {
      login.problem = absl::StrCat("the signer: ", proof.status().message());
      return login;
    }
    jkt = proof->jkt;
    login.key.handle = proof->key_handle;
  }
  Form parameters = state.AuthorizationParameters(jkt);
  if (options.pushed) {
    std::optional<Form> left = Push(parameters, provider, login);
    if (!left.has_value()) {
      login.problem = "the authorization request was not accepted: see par";
      return login;
    }
    parameters = *std::move(left);
  } else if (pushed_required) {
    login.par = Check{.id = "par",
                      .status = CheckStatus::kWarn,
                      .found = "require_pushed_authorization_requests is true",
                      .want = "--par",
                      .remedy =
                          "run this with --par: the provider refuses "
                          "authorization requests that are not pushed"};
  }
  absl::StatusOr<std::string> redirect =
      log_in(AddQuery(provider.metadata().authorization_endpoint, parameters));
  absl::StatusOr<std::string> code =
      redirect.ok() ? state.ReadCode(*redirect) : redirect;
  if (!code.ok()) {
    login.problem = std::string(code.status().message());
    return login;
  }
  login.token = provider.RequestToken("authorization_code",
                                      state.TokenParameters(*code), login.key);
  return login;
}

std::optional<Sent> CheckLogin(const DoctorOptions& options,
                               const LoginResult& login,
                               IdentityProvider& provider, Report& report) {
  const Outcome none;
  const Outcome& outcome =
      login.token.has_value() ? login.token->outcome : none;
  std::optional<Sent> userinfo =
      CheckUserinfo(options, outcome, provider, report);
  CheckRefresh(outcome, provider, report);
  CheckPinned(login, report);
  if (login.par.has_value()) {
    report.checks.push_back(*login.par);
  } else {
    report.Skip("par", "needs --par");
  }
  return userinfo;
}

}  // namespace proofmint::doctor
