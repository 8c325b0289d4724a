// Runs commands of the CLI in the process of the test.

#ifndef PROOFMINT_TESTS_TOOLS_RUN_COMMAND_H_
#define PROOFMINT_TESTS_TOOLS_RUN_COMMAND_H_

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace proofmint::testing {

// CapturedStream collects what is written to a stream such as std::cerr as long
// as it exists. Not thread-safe.
class CapturedStream {
 public:
  explicit CapturedStream(std::ostream& stream)
      : stream_(stream), saved_(stream.rdbuf(text_.rdbuf())) {}
  ~CapturedStream() { stream_.rdbuf(saved_); }
  CapturedStream(const CapturedStream&) = delete;
  CapturedStream& operator=(const CapturedStream&) = delete;

  std::string text() const { return text_.str(); }

 private:
  std::ostream& stream_;
  std::ostringstream text_;
  std::streambuf* const saved_;
};

// Runs the command that `add_command`, such as AddSignCommand, adds to the CLI.
// `words` are its name and its arguments.
inline Result RunCommand(void (*add_command)(CLI::App& app, int& exit_code),
                         const std::vector<std::string>& words) {
  CapturedStream output(std::cout);
  CapturedStream error(std::cerr);
  CLI::App app;
  int exit_code = -1;
  add_command(app, exit_code);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& parse_error) {
    exit_code = app.exit(parse_error);
  }
  return {exit_code, output.text(), error.text()};
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TOOLS_RUN_COMMAND_H_
