// Runs programs as their users do.

#ifndef PROOFMINT_TESTS_TOOLS_PROCESS_H_
#define PROOFMINT_TESTS_TOOLS_PROCESS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "signer/base/unique_fd.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// The limit for a program in a test, ample even on a machine under load.
inline constexpr absl::Duration kProcessLimit = absl::Seconds(30);

// Process runs a program with its output redirected to files. The destructor
// kills the program if it still runs. Thread-confined.
class Process {
 public:
  // `command` is the program's path and its arguments.
  explicit Process(const std::vector<std::string>& command,
                   const std::string& standard_input = "");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  void Signal(int number);

  // Waits until the program ends. Returns its exit code; 128 plus the number of
  // the signal that ended it; or -1 if it still runs after kProcessLimit.
  int Wait();

  // Waits until standard error contains `text`. Returns false if the program
  // ends before, or after kProcessLimit.
  bool WaitForError(const std::string& text);

  std::string Output() const;
  std::string Error() const;

 private:
  bool Ended();

  TempDir directory_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

// Result is the outcome of a program that has ended.
struct Result {
  int exit_code;
  std::string output;
  std::string error;
};

Result RunProgram(const std::vector<std::string>& command,
                  const std::string& standard_input = "");

// Daemon runs a proofmintd on a Unix socket and a free port of 127.0.0.1; it is
// ready when constructed.
class Daemon {
 public:
  explicit Daemon(const std::vector<std::string>& more_flags = {});

  std::string path() const { return directory_ / "proofmintd.sock"; }
  std::string target() const { return "unix:" + path(); }
  // Returns the TCP address, such as "127.0.0.1:43211".
  std::string tcp_target() const;
  // Returns the address of the metrics; empty unless a flag enables them.
  std::string metrics_address() const;
  Process& process() { return process_; }

 private:
  // Returns the values of the field `name` in the log so far.
  std::vector<std::string> Logged(const std::string& name) const;

  TempDir directory_;
  Process process_;
};

// Returns whether `proofmint health` succeeds for `target`.
bool IsHealthy(const std::string& target);

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TOOLS_PROCESS_H_
