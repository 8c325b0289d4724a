// Implements `proofmint kek`, which makes key-encryption keys.

#ifndef PROOFMINT_SIGNER_TOOLS_KEK_COMMAND_H_
#define PROOFMINT_SIGNER_TOOLS_KEK_COMMAND_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddKekCommand adds the command to `app`; once it has run, `exit_code` holds
// its outcome.
void AddKekCommand(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_KEK_COMMAND_H_
