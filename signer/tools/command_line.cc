#include "signer/tools/command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

namespace proofmint::tools {
namespace {

// open() takes the lowest free number, so all below `number` are in use.
void OccupyStandardDescriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int ParseAndRun(CLI::App& app, int argc, const char* const* argv,
                const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return run();
}

}  // namespace

int RunCommandLine(CLI::App& app, int argc, const char* const* argv,
                   const std::function<int()>& run) {
  OccupyStandardDescriptors();
  const int exit_code = ParseAndRun(app, argc, argv, run);
  std::cout.flush();
  if (std::cout.good()) return exit_code;
  std::cerr << "error: standard output: cannot be written\n";
  return exit_code == 0 ? 1 : exit_code;
}

}  // namespace proofmint::tools
