// Defines the flags of proofmintd, and converts them to ServerOptions.

#ifndef PROOFMINT_SIGNER_TOOLS_DAEMON_FLAGS_H_
#define PROOFMINT_SIGNER_TOOLS_DAEMON_FLAGS_H_

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/server/server.h"

namespace proofmint::tools {

// DaemonFlags holds the values of the flags and the options that follow from
// them. Not thread-safe.
class DaemonFlags {
 public:
  // Adds all flags to `app`, which writes their values to this object.
  explicit DaemonFlags(CLI::App& app);

  DaemonFlags(const DaemonFlags&) = delete;
  DaemonFlags& operator=(const DaemonFlags&) = delete;

  // Finish completes the options once `app` has parsed the command line. Fails
  // with INVALID_ARGUMENT, naming the flag.
  absl::Status Finish();

  const service::ServerOptions& options() const { return options_; }

  // Returns the least time for which calls are answered with DRAINING before
  // the daemon stops.
  absl::Duration lame_duck() const { return lame_duck_; }
  bool allow_debugging() const { return allow_debugging_; }
  bool print_config() const { return print_config_; }
  // ToText returns the flags of `app` in effect, those given and those with a
  // default, one per line as on a command line. None is a secret: keys are in
  // files, of which these are the paths.
  std::string ToText(const CLI::App& app) const;
  // Returns whether the server listens only at the default address.
  bool default_listen() const;

 private:
  void AddSockets(CLI::App& app);
  void AddCallers(CLI::App& app);
  void AddKeys(CLI::App& app);
  void AddLimits(CLI::App& app);
  void AddOperations(CLI::App& app);
  void AddFaults(CLI::App& app);

  absl::Status FinishTls();
  absl::Status FinishFaults();

  service::ServerOptions options_;
  std::vector<std::string> listen_;
  std::string metrics_listen_;
  std::string kernel_ = "auto";
  service::TlsPaths tls_;
  bool allow_debugging_ = false;
  bool enable_fault_injection_ = false;
  bool print_config_ = false;
  absl::Duration lame_duck_ = absl::Milliseconds(300);
};

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_DAEMON_FLAGS_H_
