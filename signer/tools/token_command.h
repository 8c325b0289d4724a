// Implements `proofmint token`, which makes one token request as a broker
// would.

#ifndef PROOFMINT_SIGNER_TOOLS_TOKEN_COMMAND_H_
#define PROOFMINT_SIGNER_TOOLS_TOKEN_COMMAND_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddTokenCommand adds the command to `app`; once it has run, `exit_code` holds
// its outcome.
void AddTokenCommand(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_TOKEN_COMMAND_H_
