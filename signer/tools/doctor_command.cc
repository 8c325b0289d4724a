#include "signer/tools/doctor_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/tools/connection_flags.h"
#include "signer/tools/doctor/doctor.h"

namespace proofmint::tools {
namespace {

using doctor::Grant;

struct DoctorFlags {
  ConnectionFlags connection;
  Grant grant = Grant::kNone;
  bool pin_code = false;
  bool pushed = false;
  bool spoiled = false;
  bool strict = false;
  bool json = false;
};

// The prompt goes to standard error: standard output has the report alone.
absl::StatusOr<std::string> AskPerson(const std::string& url) {
  std::cerr << "Open this URL in a browser and log in:\n  " << url
            << "\nThen paste the URL to which the browser was redirected (the "
               "page need not load):\n";
  std::string redirect;
  if (!std::getline(std::cin, redirect)) {
    return absl::FailedPreconditionError(
        "standard input ended before a redirect URL came");
  }
  return redirect;
}

void CheckFlags(const DoctorFlags& flags) {
  const ConnectionFlags& connection = flags.connection;
  if (flags.grant != Grant::kNone && connection.client_id.empty()) {
    throw CLI::ValidationError("--grant", "needs --client_id");
  }
  if (flags.grant == Grant::kClientCredentials &&
      !connection.HasCredentials()) {
    throw CLI::ValidationError(
        "--grant",
        "client_credentials needs --client_secret_file or "
        "--client_assertion_key_file");
  }
  if (flags.grant == Grant::kLogin && connection.redirect_uri.empty()) {
    throw CLI::ValidationError("--grant", "login needs --redirect_uri");
  }
  if (flags.grant == Grant::kLogin &&
      (connection.client_secret_file == "-" ||
       connection.client_assertion_key_file == "-")) {
    throw CLI::ValidationError(
        "--grant", "login reads standard input: name a file for the secret");
  }
  if (flags.grant != Grant::kLogin && (flags.pin_code || flags.pushed)) {
    throw CLI::ValidationError("--grant",
                               "--dpop_jkt and --par need --grant=login");
  }
}

int Diagnose(const DoctorFlags& flags) {
  CheckFlags(flags);
  const ConnectionFlags& connection = flags.connection;
  const doctor::DoctorOptions options{.connection = connection.Connection(),
                                      .grant = flags.grant,
                                      .pin_code = flags.pin_code,
                                      .pushed = flags.pushed,
                                      .spoiled = flags.spoiled,
                                      .version = PROOFMINT_VERSION};
  const doctor::OAuthClient client = connection.NewOAuthClient();
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      connection.server.NewChannel();
  if (!channel.ok()) {
    PrintError(channel.status());
    return 1;
  }
  const std::unique_ptr<SignerClient> proofs = connection.NewSignerClient();
  doctor::HttpClient http(connection.ca_file,
                          std::string("proofmint/") + PROOFMINT_VERSION);
  const doctor::SignerAccess signer{
      .target = connection.server.target,
      .channel = *channel,
      .timeout = absl::Seconds(connection.server.timeout_seconds),
      .proofs = *proofs};
  const doctor::Report report = doctor::RunDoctor(
      options,
      {.signer = signer, .http = http, .client = client, .log_in = AskPerson});
  std::cout << (flags.json ? doctor::ToJson(report, flags.strict) + "\n"
                           : doctor::ToText(report));
  return doctor::ExitCode(report, flags.strict);
}

}  // namespace

void AddDoctorCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Examine a connection to an identity provider, from the signer to the\n"
      "tokens: a line for each check, and what to do about what is wrong.\n"
      "  proofmint doctor https://idp.example --client_id=broker \\\n"
      "      --client_secret_file=secret --grant=client_credentials\n"
      "Calls nothing but the endpoints that the provider publishes, each at "
      "most\n"
      "6 times. Exits with 0 if nothing fails, 1 if something does, 3 if "
      "something\n"
      "could not be found out.");
  auto flags = std::make_shared<DoctorFlags>();
  flags->connection.AddTo(*command);
  const std::map<std::string, Grant> grants = {
      {"none", Grant::kNone},
      {"code_probe", Grant::kCodeProbe},
      {"client_credentials", Grant::kClientCredentials},
      {"login", Grant::kLogin}};
  CLI::Option* grant =
      command
          ->add_option(
              "--grant", flags->grant,
              "How to reach the token endpoint: none; code_probe, with "
              "made-up\n"
              "codes (the default with credentials); client_credentials; or\n"
              "login, where you log in with a browser")
          ->transform(CLI::CheckedTransformer(grants))
          ->option_text("GRANT");
  command->add_flag("--dpop_jkt", flags->pin_code,
                    "Bind the code of a login to a key (RFC 9449 section 10)");
  command->add_flag("--par", flags->pushed,
                    "Push the authorization request (RFC 9126)");
  command->add_flag("--spoiled", flags->spoiled,
                    "Also send bad proofs, to see whether they are refused");
  command->add_flag("--strict", flags->strict,
                    "Exit with 1 for a warning, too");
  command->add_flag("--json", flags->json, "Print the report as one object");
  command->callback([flags, grant, &exit_code] {
    if (grant->count() == 0 && flags->connection.HasCredentials()) {
      flags->grant = Grant::kCodeProbe;
    }
    exit_code = Diagnose(*flags);
  });
}

}  // namespace proofmint::tools
