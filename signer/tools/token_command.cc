#include "signer/tools/token_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/base64url.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/printable_text.h"
#include "signer/tools/connection_flags.h"
#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/token_checks.h"
#include "signer/tools/doctor/token_request.h"
#include "signer/tools/secret_output.h"

namespace proofmint::tools {
namespace {

struct TokenFlags {
  ConnectionFlags connection;
  std::string grant;
  std::string code_file;
  std::string code_verifier_file;
  std::string refresh_token_file;
  std::string key_handle_file;
  std::string key_handle_output;
  std::string token_output;
  bool json = false;
};

void CheckFlags(const TokenFlags& flags) {
  if (flags.connection.client_id.empty()) {
    throw CLI::ValidationError("--client_id", "is required");
  }
  if ((flags.grant == "authorization_code") == flags.code_file.empty()) {
    throw CLI::ValidationError(
        "--code_file",
        "wanted with --grant=authorization_code, and only there");
  }
  if ((flags.grant == "refresh_token") == flags.refresh_token_file.empty()) {
    throw CLI::ValidationError(
        "--refresh_token_file",
        "wanted with --grant=refresh_token, and only there");
  }
  const std::vector<std::string> inputs = {
      flags.code_file,
      flags.code_verifier_file,
      flags.refresh_token_file,
      flags.key_handle_file,
      flags.connection.client_secret_file,
      flags.connection.client_assertion_key_file};
  if (std::count(inputs.begin(), inputs.end(), "-") > 1) {
    throw CLI::ValidationError("-", "standard input holds one secret only");
  }
  if (flags.token_output == "-" && flags.key_handle_output == "-") {
    throw CLI::ValidationError("-", "standard output holds one secret only");
  }
}

doctor::Form FormFor(const TokenFlags& flags) {
  const ConnectionFlags& connection = flags.connection;
  doctor::Form form;
  auto add = [&form](const char* name, const std::string& value) {
    if (!value.empty()) form.emplace_back(name, value);
  };
  auto add_secret = [&add](const char* name, const std::string& flag,
                           const std::string& file) {
    if (!file.empty()) add(name, ReadSecret(flag, file));
  };
  add_secret("code", "--code_file", flags.code_file);
  add_secret("code_verifier", "--code_verifier_file", flags.code_verifier_file);
  add_secret("refresh_token", "--refresh_token_file", flags.refresh_token_file);
  if (!flags.code_file.empty()) add("redirect_uri", connection.redirect_uri);
  add("scope", connection.scope);
  add("resource", connection.resource);
  return form;
}

doctor::KeyChoice KeyFor(const TokenFlags& flags) {
  doctor::KeyChoice key{.return_handle = !flags.key_handle_output.empty()};
  if (flags.key_handle_file.empty()) return key;
  absl::StatusOr<std::string> handle = dpop::DecodeBase64Url(
      ReadSecret("--key_handle_file", flags.key_handle_file));
  if (!handle.ok()) {
    throw CLI::ValidationError("--key_handle_file", "want base64url");
  }
  key.handle = *std::move(handle);
  return key;
}

std::string DescribeFailure(const Outcome& outcome) {
  std::string text = EscapedText(outcome.attempts == 0 && outcome.signer.ok()
                                     ? outcome.error_description
                                     : doctor::Describe(outcome));
  if (!HintText(outcome.hint).empty()) {
    absl::StrAppend(&text, "\n  ", HintText(outcome.hint));
  }
  return text;
}

// Prints the result where the token is not.
void Print(const TokenFlags& flags, const doctor::TokenResult& result) {
  const bool output_is_taken =
      flags.token_output == "-" || flags.key_handle_output == "-";
  std::ostream& out = output_is_taken ? std::cerr : std::cout;
  const Outcome& outcome = result.outcome;
  if (flags.json) {
    out << result.log_record << "\n";
    return;
  }
  out << "outcome       " << VerdictName(outcome.verdict) << "\n"
      << "algorithm     " << dpop::AlgorithmName(result.algorithm) << "\n"
      << "attempts      " << outcome.attempts << ", "
      << outcome.nonce_challenges << " challenged for a nonce\n";
  if (doctor::HasToken(outcome)) {
    out << "token type    "
        << (outcome.idp_token_type.empty()
                ? "missing"
                : EscapedText(outcome.idp_token_type))
        << "\n"
        << "binding       " << BindingName(outcome.binding) << "\n";
  }
  if (!outcome.accepted) {
    std::cerr << "error: " << DescribeFailure(outcome) << "\n";
  }
}

int GetToken(const TokenFlags& flags) {
  CheckFlags(flags);
  const doctor::ConnectionOptions connection = flags.connection.Connection();
  const doctor::OAuthClient client = flags.connection.NewOAuthClient();
  const std::unique_ptr<SignerClient> signer =
      flags.connection.NewSignerClient();
  absl::StatusOr<SecretOutput> token_output =
      SecretOutput::Open(flags.token_output);
  absl::StatusOr<SecretOutput> handle_output =
      SecretOutput::Open(flags.key_handle_output);
  for (const absl::Status& status :
       {token_output.status(), handle_output.status()}) {
    if (!status.ok()) {
      PrintError(status);
      return 1;
    }
  }
  doctor::HttpClient http(flags.connection.ca_file,
                          std::string("proofmint/") + PROOFMINT_VERSION);
  const doctor::TokenResult result =
      doctor::RequestToken({.connection = connection,
                            .grant_type = flags.grant,
                            .form = FormFor(flags),
                            .key = KeyFor(flags)},
                           client, *signer, http);
  const Outcome& outcome = result.outcome;
  absl::Status written;
  // A token that the policy does not accept is not given away either.
  if (outcome.accepted) {
    written = token_output->Write(outcome.body);
    if (written.ok() && !outcome.key_handle.empty()) {
      written =
          handle_output->Write(absl::WebSafeBase64Escape(outcome.key_handle));
    }
  }
  Print(flags, result);
  if (!written.ok()) PrintError(written);
  return outcome.accepted && written.ok() ? 0 : 1;
}

}  // namespace

void AddTokenCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "token",
      "Make one token request as a broker would: with a proof, with the answer "
      "to\n"
      "a nonce challenge, and with a check of what the token is bound to.\n"
      "  proofmint token https://idp.example --grant=client_credentials \\\n"
      "      --client_id=broker --client_secret_file=secret --json\n"
      "Exits with 0 if a token came that is acceptable.");
  auto flags = std::make_shared<TokenFlags>();
  flags->connection.AddTo(*command);
  command->add_option("--grant", flags->grant, "The grant type")
      ->required()
      ->check(CLI::IsMember(
          {"client_credentials", "refresh_token", "authorization_code"}))
      ->option_text("GRANT");
  command->add_option(
      "--code_file", flags->code_file,
      "A file with the authorization code; - is standard input");
  command->add_option("--code_verifier_file", flags->code_verifier_file,
                      "A file with the code verifier of PKCE");
  command->add_option("--refresh_token_file", flags->refresh_token_file,
                      "A file with the refresh token; - is standard input");
  command->add_option(
      "--key_handle_file", flags->key_handle_file,
      "A file with the key handle of an earlier proof, in base64url:\n"
      "sign with that key");
  command->add_option("--key_handle_output", flags->key_handle_output,
                      "Write the handle of the key to this file, mode 0600");
  command->add_option(
      "--token_output", flags->token_output,
      "Write the answer with the token to this file, mode 0600; - is\n"
      "standard output");
  command->add_flag("--json", flags->json,
                    "Print the log record of a broker as one object");
  command->callback([flags, &exit_code] { exit_code = GetToken(*flags); });
}

}  // namespace proofmint::tools
