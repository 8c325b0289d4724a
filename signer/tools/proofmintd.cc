// proofmintd is the daemon: it serves until SIGTERM or SIGINT.
//
// The main thread starts the server, waits for a signal and stops the server;
// the watchdog has a thread of its own while the daemon stops.

#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/status_macros.h"
#include "signer/base/thread.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/self_test.h"
#include "signer/service/contract/limits.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/observe/log.h"
#include "signer/service/server/hardening.h"
#include "signer/service/server/last_line.h"
#include "signer/service/server/library_logs.h"
#include "signer/service/server/server.h"
#include "signer/service/server/stop_signals.h"
#include "signer/tools/command_line.h"
#include "signer/tools/daemon_flags.h"
#include "signer/tools/version.h"

namespace {

using proofmint::base::MonotonicNow;
using proofmint::base::Thread;
using proofmint::service::LogError;
using proofmint::service::LogInfo;
using proofmint::service::Server;
using proofmint::tools::DaemonFlags;

// How long calls may still be in flight after --lame_duck; a call takes
// milliseconds.
constexpr absl::Duration kDrainGrace = absl::Seconds(2);
// How long gRPC then has to end the remaining calls, and after that how long
// the process has to exit.
constexpr absl::Duration kStopGrace = absl::Seconds(3);
constexpr absl::Duration kWatchdogGrace = absl::Seconds(2);

constexpr absl::Duration kReadyPollInterval = absl::Milliseconds(50);

// Ends the process after `limit` or at a second signal: a client or a library
// that hangs must not delay the next daemon. Runs on a thread of its own.
void StartWatchdog(const sigset_t& stop_signals, absl::Duration limit) {
  const auto watch = [stop_signals, end = MonotonicNow() + limit] {
    int signal;
    do {  // SIGSTOP and SIGCONT interrupt the wait.
      const timespec left = absl::ToTimespec(
          std::max(end - MonotonicNow(), absl::ZeroDuration()));
      signal = sigtimedwait(&stop_signals, nullptr, &left);
    } while (signal < 0 && errno == EINTR);
    const bool signalled = signal > 0;
    LogError("ended by force", {{"cause", signalled ? "a second signal"
                                                    : "stopping takes too "
                                                      "long"}});
    _exit(1);
  };
  absl::StatusOr<Thread> watchdog = Thread::Start("watchdog", watch);
  if (!watchdog.ok()) {  // The stop goes on without it.
    LogError("watchdog not started",
             {{"error", std::string(watchdog.status().message())}});
    return;
  }
  watchdog->Detach();
}

void LogListening(const Server& server) {
  for (const std::string& address : server.addresses()) {
    LogInfo("listening", {{"address", address}});
  }
  if (!server.metrics_address().empty()) {
    LogInfo("listening", {{"metrics", server.metrics_address()}});
  }
}

void LogServing(const Server& server, const DaemonFlags& flags) {
  LogInfo("serving",
          {{"version", PROOFMINT_VERSION},
           {"kernel", proofmint::crypto::KernelName(flags.options().kernel)},
           {"key_pool_size", absl::StrCat(server.key_pool().capacity())},
           {"key_pool_locked",
            server.key_pool().memory_locked() ? "true" : "false"}});
}

// Waits until the server is ready. Returns 0, or the signal that arrived first.
int WaitUntilServing(const Server& server, const sigset_t& stop_signals) {
  if (!server.serving()) LogInfo("not ready");
  const timespec interval = absl::ToTimespec(kReadyPollInterval);
  int signal = 0;
  while (!server.serving() && signal <= 0) {
    signal = sigtimedwait(&stop_signals, nullptr, &interval);
  }
  return std::max(signal, 0);
}

absl::Status Run(DaemonFlags& flags) {
  const sigset_t stop_signals = proofmint::service::BlockStopSignals();
  PROOFMINT_RETURN_IF_ERROR(flags.Finish());
  if (!flags.allow_debugging()) {
    PROOFMINT_RETURN_IF_ERROR(proofmint::service::ForbidDumps());
  }
  proofmint::service::RaiseDescriptorLimit();
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<proofmint::crypto::Entropy> entropy,
      proofmint::crypto::NewSystemEntropy());
  PROOFMINT_RETURN_IF_ERROR(
      proofmint::crypto::RunSelfTest(flags.options().kernel, *entropy));
  // systemd creates the directory of the default address. A daemon that is
  // started by hand creates it here; if that fails, the listener reports it.
  if (flags.default_listen()) {
    mkdir(proofmint::service::kDefaultDirectory, 0750);
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<Server> server,
      Server::Start(flags.options(), *entropy, absl::Now));
  LogListening(*server);
  int signal = WaitUntilServing(*server, stop_signals);
  if (signal == 0) {
    LogServing(*server, flags);
    sd_notify(/*unset_environment=*/0, "READY=1");
    sigwait(&stop_signals, &signal);
  }
  const absl::Duration drain_limit = flags.lame_duck() + kDrainGrace;
  StartWatchdog(stop_signals, drain_limit + kStopGrace + kWatchdogGrace);
  LogInfo("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  sd_notify(/*unset_environment=*/0, "STOPPING=1");
  server->Drain(flags.lame_duck(), drain_limit);
  server->Stop(kStopGrace);
  LogInfo("stopped");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  proofmint::service::LogLastLine();
  proofmint::service::ShareHeapIfMemoryIsLimited();
  CLI::App app(
      "proofmintd mints DPoP proofs (RFC 9449) for brokers. It runs until\n"
      "SIGTERM or SIGINT and logs JSON lines to standard error.");
  app.set_version_flag("--version", proofmint::tools::VersionText);
  DaemonFlags flags(app);
  return proofmint::tools::RunCommandLine(app, argc, argv, [&] {
    if (flags.print_config()) {
      std::cout << flags.ToText(app);
      return 0;
    }
    proofmint::service::CaptureLibraryLogs();
    absl::Status status = Run(flags);
    if (status.ok()) return 0;
    LogError("failed", {{"error", std::string(status.message())}});
    return 1;
  });
}
