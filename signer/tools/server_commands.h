// Implements `proofmint capabilities` and `proofmint health`, which query a
// server.

#ifndef PROOFMINT_SIGNER_TOOLS_SERVER_COMMANDS_H_
#define PROOFMINT_SIGNER_TOOLS_SERVER_COMMANDS_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddServerCommands adds both commands to `app`; once one has run, `exit_code`
// holds its outcome.
void AddServerCommands(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_SERVER_COMMANDS_H_
