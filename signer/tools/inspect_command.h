// Implements `proofmint inspect`, which shows the parts of a proof.

#ifndef PROOFMINT_SIGNER_TOOLS_INSPECT_COMMAND_H_
#define PROOFMINT_SIGNER_TOOLS_INSPECT_COMMAND_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddInspectCommand adds the command to `app`; once it has run, `exit_code`
// holds its outcome.
void AddInspectCommand(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_INSPECT_COMMAND_H_
