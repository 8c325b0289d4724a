// Implements `proofmint doctor`, which examines a connection to an identity
// provider.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_COMMAND_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_COMMAND_H_

#include <CLI/App.hpp>

namespace proofmint::tools {

// AddDoctorCommand adds the command to `app`; once it has run, `exit_code`
// holds its outcome.
void AddDoctorCommand(CLI::App& app, int& exit_code);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_COMMAND_H_
