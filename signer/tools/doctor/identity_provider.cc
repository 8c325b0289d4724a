#include "signer/tools/doctor/identity_provider.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/status_macros.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/log_record.h"
#include "signer/exchange/run.h"
#include "signer/tools/doctor/sign_and_wait.h"

namespace proofmint::doctor {
namespace {

// The signer's part of an exchange; each HTTP request has a limit of its own.
constexpr absl::Duration kSignerTimeout = absl::Seconds(30);

HttpRequest PostRequest(const std::string& url) {
  return {.method = "POST",
          .url = url,
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                      {"Accept", "application/json"}}};
}

}  // namespace

Tokens ReadTokens(const Outcome& outcome) {
  const std::optional<nlohmann::json> body = ParseJsonObject(outcome.body);
  if (!body.has_value()) return {};
  return {.access_token = StringMember(*body, "access_token"),
          .token_type = StringMember(*body, "token_type"),
          .refresh_token = StringMember(*body, "refresh_token")};
}

bool HasToken(const Outcome& outcome) {
  return outcome.http_status / 100 == 2 &&
         !ReadTokens(outcome).access_token.empty();
}

IdentityProvider::IdentityProvider(Parts parts)
    : parts_(std::move(parts)), signer_(parts_.signer) {}

int IdentityProvider::RequestsLeft() const {
  return parts_.http.RequestsLeft(metadata().token_endpoint);
}

ExchangeOptions IdentityProvider::OptionsFor(const std::string& url,
                                             const KeyChoice& key) const {
  return {
      .issuer = metadata().issuer,
      .client_id = client().id(),
      .url = url,
      .algorithm = parts_.algorithm,
      .key_handle = key.handle,
      .return_key_handle = key.return_handle,
      .confidential_client = client().method() != AuthenticationMethod::kNone,
      .binding = parts_.require_bound ? BindingPolicy::kRequire
                                      : BindingPolicy::kReport};
}

Sent IdentityProvider::RequestToken(absl::string_view grant_type,
                                    const Form& form, const KeyChoice& key) {
  Form fields = {{"grant_type", std::string(grant_type)}};
  fields.insert(fields.end(), form.begin(), form.end());
  const std::string& url = metadata().token_endpoint;
  Sent sent =
      RunExchange(Exchange::Token(OptionsFor(url, key), grant_type, nonces_),
                  PostRequest(url), &fields);
  sent.grant_type = std::string(grant_type);
  return sent;
}

Sent IdentityProvider::Push(const Form& form, const KeyChoice& key) {
  const std::string& url = metadata().pushed_authorization_request_endpoint;
  return RunExchange(Exchange::Pushed(OptionsFor(url, key), nonces_),
                     PostRequest(url), &form);
}

Sent IdentityProvider::GetUserinfo(const Tokens& tokens, const KeyChoice& key) {
  const std::string& url = metadata().userinfo_endpoint;
  return RunExchange(
      Exchange::Resource(OptionsFor(url, key), "GET", tokens.access_token,
                         tokens.token_type, nonces_),
      {.url = url, .headers = {{"Accept", "application/json"}}},
      /*form=*/nullptr);
}

Sent IdentityProvider::RunExchange(Exchange exchange,
                                   const HttpRequest& request,
                                   const Form* form) {
  Sent sent;
  parts_.http.TakeLines();
  auto send =
      [&](const Exchange::Attempt& attempt) -> absl::StatusOr<HttpAnswer> {
    HttpRequest once = request;
    if (form != nullptr) {
      Form fields = *form;
      // An assertion is made anew for each attempt: its jti may be used once.
      absl::Status status = client().Authenticate(metadata().token_endpoint,
                                                  absl::Now(), fields, once);
      if (!status.ok()) return NotSentError(status.message());
      once.body = FormBody(fields);
    }
    once.headers.insert(once.headers.end(), attempt.headers.begin(),
                        attempt.headers.end());
    absl::StatusOr<HttpAnswer> answer = parts_.http.Send(once);
    sent.new_nonce = answer.ok() && !ReadNonce(*answer).value.empty();
    return answer;
  };
  sent.outcome = Run(exchange, signer_, absl::Now() + kSignerTimeout, send);
  sent.http = parts_.http.TakeLines();
  return sent;
}

absl::StatusOr<std::string> IdentityProvider::Introspect(
    const std::string& token) {
  HttpRequest request = PostRequest(metadata().introspection_endpoint);
  Form form = {{"token", token}, {"token_type_hint", "access_token"}};
  PROOFMINT_RETURN_IF_ERROR(client().Authenticate(metadata().token_endpoint,
                                                  absl::Now(), form, request));
  request.body = FormBody(form);
  PROOFMINT_ASSIGN_OR_RETURN(HttpAnswer answer, parts_.http.Send(request));
  if (answer.status != 200 || !ParseJsonObject(answer.body).has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "status ", answer.status, ", want 200 with a JSON object"));
  }
  return std::move(answer.body);
}

absl::StatusOr<Proof> IdentityProvider::SignForLater() {
  return SignAndWait(signer_,
                     {.algorithm = parts_.algorithm,
                      .htm = "POST",
                      .htu = metadata().token_endpoint,
                      .return_key_handle = true},
                     absl::Now() + kSignerTimeout);
}

std::string IdentityProvider::LogRecord(const Sent& token,
                                        const Sent* userinfo) const {
  return proofmint::LogRecord(
      {.issuer = metadata().issuer,
       .client_id = client().id(),
       .grant_type = token.grant_type},
      parts_.algorithm, token.outcome,
      userinfo == nullptr ? nullptr : &userinfo->outcome);
}

}  // namespace proofmint::doctor
