#include "signer/tools/connection_flags.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "signer/base/file.h"
#include "signer/dpop/htu.h"

namespace proofmint::tools {
namespace {

using doctor::AuthenticationMethod;

constexpr size_t kMaxSecretSize = 64 << 10;  // bytes

// Returns the whole of `file`, or of standard input for "-".
std::string ReadAll(const std::string& flag, const std::string& file) {
  if (file == "-") {
    return {std::istreambuf_iterator<char>(std::cin), {}};
  }
  absl::StatusOr<std::string> text = base::ReadFile(file, kMaxSecretSize);
  if (!text.ok()) {
    throw CLI::ValidationError(flag, std::string(text.status().message()));
  }
  return *std::move(text);
}

bool IsLoopback(absl::string_view url) {
  for (absl::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    const std::string begin = absl::StrCat("http://", host);
    if (absl::StartsWith(url, begin) &&
        (url.size() == begin.size() || url[begin.size()] == ':' ||
         url[begin.size()] == '/')) {
      return true;
    }
  }
  return false;
}

AuthenticationMethod DefaultMethod(const ConnectionFlags& flags) {
  if (!flags.client_assertion_key_file.empty()) {
    return AuthenticationMethod::kPrivateKeyJwt;
  }
  return flags.client_secret_file.empty()
             ? AuthenticationMethod::kNone
             : AuthenticationMethod::kClientSecretBasic;
}

}  // namespace

std::string ReadSecret(const std::string& flag, const std::string& file) {
  const std::string text = ReadAll(flag, file);
  std::string line(absl::StripAsciiWhitespace(text.substr(0, text.find('\n'))));
  if (line.empty()) throw CLI::ValidationError(flag, "the file is empty");
  return line;
}

void ConnectionFlags::AddTo(CLI::App& command) {
  command
      .add_option("ISSUER", issuer,
                  "The issuer identifier of the identity provider, a URL")
      ->required();
  command.add_option("--client_id", client_id, "Our client at the provider");
  CLI::Option* secret = command.add_option(
      "--client_secret_file", client_secret_file,
      "A file whose first line is the client's secret; - is standard\n"
      "input");
  CLI::Option* key = command.add_option(
      "--client_assertion_key_file", client_assertion_key_file,
      "A PEM file with the private key of private_key_jwt: RSA, P-256\n"
      "or Ed25519");
  secret->excludes(key);
  command
      .add_option("--token_endpoint_auth_method", token_endpoint_auth_method,
                  "client_secret_basic (the default with a secret),\n"
                  "client_secret_post, private_key_jwt or none")
      ->check(CLI::IsMember({"client_secret_basic", "client_secret_post",
                             "private_key_jwt", "none"}))
      ->option_text("METHOD");
  std::map<std::string, dpop::Algorithm> names;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    names.emplace(dpop::AlgorithmName(algorithm), algorithm);
  }
  command
      .add_option("--algorithm", algorithms,
                  "ES256 (the default), Ed25519 or EdDSA; several times in\n"
                  "order of preference")
      ->transform(CLI::CheckedTransformer(names))
      ->option_text("ALG");
  command.add_option("--scope", scope, "The scope to request");
  command.add_option("--resource", resource,
                     "The resource to request a token for (RFC 8707)");
  command.add_option("--redirect_uri", redirect_uri,
                     "A redirect URI of the client, for codes");
  command.add_flag("--require_bound", require_bound,
                   "A token that is not bound to our key is a failure");
  command
      .add_option("--ca_file", ca_file,
                  "Certificate authorities of the provider, a PEM file;\n"
                  "without it the system's")
      ->check(CLI::ExistingFile);
  command.add_flag("--allow_insecure_loopback", allow_insecure_loopback,
                   "Allow http, to a provider on this host");
  server.AddTo(command);
}

doctor::ConnectionOptions ConnectionFlags::Connection() const {
  dpop::HtuBuffer buffer;
  const absl::StatusOr<absl::string_view> url =
      dpop::NormalizeHtu(issuer, buffer);
  if (!url.ok()) {
    throw CLI::ValidationError("ISSUER", std::string(url.status().message()));
  }
  if (!absl::StartsWith(issuer, "https://") &&
      !(allow_insecure_loopback && IsLoopback(issuer))) {
    throw CLI::ValidationError("ISSUER",
                               "want an https URL; http is for this host, with "
                               "--allow_insecure_loopback");
  }
  return {.issuer = issuer,
          .algorithms = algorithms.empty()
                            ? std::vector{dpop::Algorithm::kEs256}
                            : algorithms,
          .transport = allow_insecure_loopback ? Transport::kTlsOrLoopback
                                               : Transport::kTls,
          .require_bound = require_bound,
          .scope = scope,
          .resource = resource,
          .redirect_uri = redirect_uri};
}

doctor::OAuthClient ConnectionFlags::NewOAuthClient() const {
  const AuthenticationMethod default_method = DefaultMethod(*this);
  AuthenticationMethod method = default_method;
  if (!token_endpoint_auth_method.empty()) {
    for (AuthenticationMethod named :
         {AuthenticationMethod::kNone, AuthenticationMethod::kClientSecretBasic,
          AuthenticationMethod::kClientSecretPost,
          AuthenticationMethod::kPrivateKeyJwt}) {
      if (token_endpoint_auth_method ==
          doctor::AuthenticationMethodName(named)) {
        method = named;
      }
    }
    const bool needs_key = method == AuthenticationMethod::kPrivateKeyJwt;
    const bool needs_secret =
        method == AuthenticationMethod::kClientSecretBasic ||
        method == AuthenticationMethod::kClientSecretPost;
    if (needs_key != !client_assertion_key_file.empty() ||
        needs_secret != !client_secret_file.empty()) {
      throw CLI::ValidationError(
          "--token_endpoint_auth_method",
          "client_secret_... needs --client_secret_file, private_key_jwt "
          "--client_assertion_key_file, and none neither");
    }
  }
  doctor::OAuthClient::Options options{.id = client_id, .method = method};
  if (!client_secret_file.empty()) {
    options.secret = ReadSecret("--client_secret_file", client_secret_file);
  }
  if (!client_assertion_key_file.empty()) {
    options.private_key_pem =
        ReadAll("--client_assertion_key_file", client_assertion_key_file);
  }
  if (client_id.empty() && HasCredentials()) {
    throw CLI::ValidationError("--client_id", "wanted with the credentials");
  }
  absl::StatusOr<doctor::OAuthClient> client =
      doctor::OAuthClient::New(std::move(options));
  if (!client.ok()) {
    throw CLI::ValidationError("--client_assertion_key_file",
                               std::string(client.status().message()));
  }
  return *std::move(client);
}

std::unique_ptr<SignerClient> ConnectionFlags::NewSignerClient() const {
  SignerClientOptions options;
  options.target = server.target;
  if (!server.tls_ca.empty()) {
    options.tls = TlsFiles{.certificate = server.tls_certificate,
                           .key = server.tls_key,
                           .ca = server.tls_ca};
  }
  options.timeout = absl::Seconds(server.timeout_seconds);
  // One call at a time: there are no others to wait for.
  options.max_batch_delay = absl::ZeroDuration();
  absl::StatusOr<std::unique_ptr<SignerClient>> client =
      SignerClient::New(std::move(options));
  if (!client.ok()) {
    throw CLI::ValidationError("--target",
                               std::string(client.status().message()));
  }
  return *std::move(client);
}

}  // namespace proofmint::tools
