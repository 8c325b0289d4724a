// Runs the main function of a program: parses its command line and reports
// output that could not be written.

#ifndef PROOFMINT_SIGNER_TOOLS_COMMAND_LINE_H_
#define PROOFMINT_SIGNER_TOOLS_COMMAND_LINE_H_

#include <CLI/App.hpp>
#include <functional>

namespace proofmint::tools {

// RunCommandLine parses the command line with `app`, calls `run`, unless
// the line is wrong or asks for help, and returns the exit code of the process:
// that of `run` or of CLI11, or 1 in place of 0 if standard output could not be
// written, which it says on standard error. To be called once, by main, before
// the process has opened a descriptor or started a thread.
//
// "--flag=" gives the flag an empty text. An unknown command is named.
//
// It replaces each of the descriptors 0 to 2 that is closed by /dev/null, so
// that no socket or file gets its number and what is printed. Reading there and
// writing there still fail.
int RunCommandLine(CLI::App& app, int argc, const char* const* argv,
                   const std::function<int()>& run);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_COMMAND_LINE_H_
