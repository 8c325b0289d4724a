#include "signer/tools/doctor/login.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/base64url.h"
#include "signer/exchange/printable_text.h"
#include "signer/tools/doctor/http_client.h"

namespace proofmint::doctor {
namespace {

// Returns the text that `encoded` stands for in a query.
std::string DecodeQuery(absl::string_view encoded) {
  std::string text;
  for (size_t i = 0; i < encoded.size(); ++i) {
    const absl::string_view digits = encoded.substr(i + 1, 2);
    if (encoded[i] == '%' && digits.size() == 2 &&
        std::all_of(digits.begin(), digits.end(),
                    [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
      text += absl::HexStringToBytes(digits);
      i += 2;
    } else {
      text += encoded[i] == '+' ? ' ' : encoded[i];
    }
  }
  return text;
}

std::map<std::string, std::string> ReadQuery(absl::string_view url) {
  std::map<std::string, std::string> parameters;
  absl::string_view query = url.substr(std::min(url.find('?'), url.size()));
  query = query.substr(0, query.find('#'));
  if (!query.empty()) query.remove_prefix(1);
  for (absl::string_view field :
       absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    parameters.emplace(DecodeQuery(parts.first), DecodeQuery(parts.second));
  }
  return parameters;
}

std::string CodeChallenge(absl::string_view verifier) {
  const crypto::Sha256Digest digest = crypto::Sha256(
      {reinterpret_cast<const uint8_t*>(verifier.data()), verifier.size()});
  std::string text(dpop::Base64UrlSize(digest.size()), '\0');
  dpop::EncodeBase64Url(digest, text.data());
  return text;
}

void AddResource(const ConnectionOptions& options, Form& form) {
  if (!options.resource.empty()) {
    form.emplace_back("resource", options.resource);
  }
}

}  // namespace

Login::Login(const ConnectionOptions& options, std::string client_id)
    : options_(options),
      client_id_(std::move(client_id)),
      state_(RandomText()),
      nonce_(RandomText()),
      verifier_(RandomText()) {}

Form Login::AuthorizationParameters(absl::string_view jkt) const {
  Form form = {{"response_type", "code"},
               {"client_id", client_id_},
               {"redirect_uri", options_.redirect_uri},
               {"scope", options_.scope.empty() ? "openid" : options_.scope},
               {"state", state_},
               {"nonce", nonce_},
               {"code_challenge", CodeChallenge(verifier_)},
               {"code_challenge_method", "S256"}};
  AddResource(options_, form);
  if (!jkt.empty()) form.emplace_back("dpop_jkt", std::string(jkt));
  return form;
}

absl::StatusOr<std::string> Login::ReadCode(absl::string_view redirect) const {
  const std::map<std::string, std::string> answer =
      ReadQuery(absl::StripAsciiWhitespace(redirect));
  auto find = [&](const char* name) {
    auto found = answer.find(name);
    return found == answer.end() ? "" : found->second;
  };
  if (find("state") != state_) {
    return absl::InvalidArgumentError(
        "the redirect URL is not of this login: state differs");
  }
  if (answer.contains("iss") && find("iss") != options_.issuer) {
    return absl::InvalidArgumentError(
        absl::StrCat("iss: got ", PrintableText(find("iss")), ", want ",
                     options_.issuer, " (RFC 9207)"));
  }
  if (answer.contains("error")) {
    const std::string description = PrintableText(find("error_description"));
    return absl::FailedPreconditionError(absl::StrCat(
        "the authorization endpoint answered ", PrintableText(find("error")),
        description.empty() ? "" : ": ", description));
  }
  std::string code = find("code");
  if (code.empty()) {
    return absl::InvalidArgumentError("the redirect URL has no code");
  }
  return code;
}

Form Login::TokenParameters(const std::string& code) const {
  Form form = {{"code", code},
               {"redirect_uri", options_.redirect_uri},
               {"code_verifier", verifier_}};
  AddResource(options_, form);
  return form;
}

std::string AddQuery(const std::string& url, const Form& parameters) {
  const std::string base = url.substr(0, url.find('#'));
  return absl::StrCat(base, base.find('?') == std::string::npos ? "?" : "&",
                      FormBody(parameters));
}

Form MadeUpCode(const ConnectionOptions& options) {
  Form form = {{"code", RandomText()}, {"code_verifier", RandomText()}};
  if (!options.redirect_uri.empty()) {
    form.emplace_back("redirect_uri", options.redirect_uri);
  }
  return form;
}

}  // namespace proofmint::doctor
