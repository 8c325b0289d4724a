// Parses command lines in the tests of flags.

#ifndef PROOFMINT_TESTS_TESTING_PARSE_WORDS_H_
#define PROOFMINT_TESTS_TESTING_PARSE_WORDS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace proofmint::testing {

// ParseWords lets `app` parse a command line, without the program's name. Fails
// with INVALID_ARGUMENT and CLI11's message if CLI11 refuses it.
inline absl::Status ParseWords(CLI::App& app,
                               const std::vector<std::string>& words) {
  try {
    // CLI11 takes the words from the end.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_PARSE_WORDS_H_
