#include "signer/tools/command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace proofmint::tools {
namespace {

// open() takes the lowest free number, so all below `number` are in use.
void OccupyStandardDescriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// Returns `words` with "--flag=" as two words, of which the second is empty:
// CLI11 would take the next flag for the value.
std::vector<std::string> WithEmptyValues(std::span<const char* const> words) {
  std::vector<std::string> split;
  for (absl::string_view word : words) {
    const bool empty_value =
        absl::StartsWith(word, "--") && word.find('=') == word.size() - 1;
    if (empty_value) word.remove_suffix(1);
    split.emplace_back(word);
    if (empty_value) split.emplace_back();
  }
  return split;
}

// Throws CLI::ValidationError for a first word that is none of the commands
// that `app` needs, and so on for their own commands. CLI11 would only say that
// a command is missing.
void CheckCommands(const CLI::App& app, std::span<const std::string> words) {
  if (app.get_require_subcommand_min() == 0 || words.empty() ||
      absl::StartsWith(words[0], "-")) {
    return;
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(/*filter=*/{})) {
    if (command->get_name() == words[0]) {
      return CheckCommands(*command, words.subspan(1));
    }
    names.push_back(command->get_name());
  }
  throw CLI::ValidationError(
      "got the command " + words[0],
      absl::StrCat("want one of ", absl::StrJoin(names, ", ")));
}

int ParseAndRun(CLI::App& app, int argc, const char* const* argv,
                const std::function<int()>& run) {
  try {
    std::vector<std::string> words =
        WithEmptyValues({argv, static_cast<size_t>(argc)});
    CheckCommands(app, std::span(words).subspan(1));
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    app.parse(static_cast<int>(pointers.size()), pointers.data());
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
