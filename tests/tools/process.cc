#include "tests/tools/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

extern char** environ;

namespace proofmint::testing {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(2);

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> With(std::vector<std::string> flags,
                              const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::string& standard_input) {
  std::ofstream(directory_ / "in") << standard_input;
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string in = directory_ / "in";
  const std::string out = directory_ / "out";
  const std::string err = directory_ / "err";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT,
                                   0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT,
                                   0600);
  int error =
      posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ABSL_RAW_CHECK(error == 0, "posix_spawn");
}

Process::~Process() {
  if (Ended()) return;
  Signal(SIGKILL);
  Wait();
}

void Process::Signal(int number) {
  if (!ended_) kill(pid_, number);
}

bool Process::Ended() {
  if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

int Process::Wait() {
  absl::Time deadline = absl::Now() + kProcessLimit;
  while (!Ended()) {
    if (absl::Now() > deadline) return -1;
    absl::SleepFor(kPollInterval);
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool Process::WaitForError(const std::string& text) {
  absl::Time deadline = absl::Now() + kProcessLimit;
  while (absl::Now() < deadline) {
    bool ended =
        Ended();  // Checked before reading, so that no output is missed.
    if (absl::StrContains(Error(), text)) return true;
    if (ended) return false;
    absl::SleepFor(kPollInterval);
  }
  return false;
}

std::string Process::Output() const { return ReadFile(directory_ / "out"); }

std::string Process::Error() const { return ReadFile(directory_ / "err"); }

Result RunProgram(const std::vector<std::string>& command,
                  const std::string& standard_input) {
  Process process(command, standard_input);
  int exit_code = process.Wait();
  return {exit_code, process.Output(), process.Error()};
}

Daemon::Daemon(const std::vector<std::string>& more_flags)
    : process_(With({PROOFMINTD, "--listen=" + target() + ",127.0.0.1:0",
                     "--allow_insecure_loopback"},
                    more_flags)) {
  bool serving = process_.WaitForError(R"("message":"serving")");
  ABSL_RAW_CHECK(serving, process_.Error().c_str());
}

std::string Daemon::tcp_target() const {
  for (const std::string& address : Logged("address")) {
    if (!absl::StartsWith(address, "unix:")) return address;
  }
  return "";
}

std::string Daemon::metrics_address() const {
  std::vector<std::string> addresses = Logged("metrics");
  return addresses.empty() ? "" : addresses[0];
}

std::vector<std::string> Daemon::Logged(const std::string& name) const {
  std::vector<std::string> values;
  for (absl::string_view line :
       absl::StrSplit(process_.Error(), '\n', absl::SkipEmpty())) {
    auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr,
                                      /*allow_exceptions=*/false);
    if (json.is_object() && json.contains(name)) values.push_back(json[name]);
  }
  return values;
}

bool IsHealthy(const std::string& target) {
  return RunProgram({PROOFMINT, "health", "--target=" + target}).exit_code == 0;
}

}  // namespace proofmint::testing
