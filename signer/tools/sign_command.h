// Implements `proofmint sign`, which requests proofs and prints them.

#ifndef PROOFMINT_SIGNER_TOOLS_SIGN_COMMAND_H_
#define PROOFMINT_SIGNER_TOOLS_SIGN_COMMAND_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddSignCommand adds the command to `app`; once it has run, `exit_code` holds
// its outcome.
void AddSignCommand(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_SIGN_COMMAND_H_
