// proofmint is the command-line client of the signer.

#include <CLI/CLI.hpp>
#include <csignal>

#include "signer/tools/command_line.h"
#include "signer/tools/doctor_command.h"
#include "signer/tools/inspect_command.h"
#include "signer/tools/kek_command.h"
#include "signer/tools/server_commands.h"
#include "signer/tools/sign_command.h"
#include "signer/tools/token_command.h"
#include "signer/tools/version.h"

int main(int argc, char** argv) {
  // A write beyond a file size limit fails, and the error is shown.
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app(
      "proofmint mints and inspects DPoP proofs (RFC 9449), and tries them at "
      "an\n"
      "identity provider.");
  app.set_version_flag("--version", proofmint::tools::VersionText);
  app.set_help_all_flag("--help-all", "Show the help of every command");
  app.require_subcommand(1);
  int exit_code = 0;
  proofmint::tools::AddSignCommand(app, exit_code);
  proofmint::tools::AddInspectCommand(app, exit_code);
  proofmint::tools::AddServerCommands(app, exit_code);
  proofmint::tools::AddDoctorCommand(app, exit_code);
  proofmint::tools::AddTokenCommand(app, exit_code);
  proofmint::tools::AddKekCommand(app, exit_code);
  return proofmint::tools::RunCommandLine(app, argc, argv,
                                          [&] { return exit_code; });
}
