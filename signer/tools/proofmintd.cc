// proofmintd: the daemon. Flags to options, then run until SIGTERM or SIGINT.

#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/status_macros.h"
#include "signer/service/listen_address.h"
#include "signer/service/log.h"
#include "signer/service/server.h"

namespace {

using proofmint::service::kDefaultAddress;
using proofmint::service::ListenAddress;
using proofmint::service::LogError;
using proofmint::service::LogInfo;
using proofmint::service::ParseListenAddress;
using proofmint::service::Server;
using proofmint::service::ServerOptions;

// How long calls in flight may go on after SIGTERM; a call takes milliseconds.
constexpr absl::Duration kStopGrace = absl::Seconds(5);

// Blocks the signals that stop the daemon, in this thread and all that it will
// start, so that sigwait() alone sees them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

absl::Status Run(const std::vector<std::string>& listen,
                 bool enable_reflection) {
  sigset_t stop_signals = BlockStopSignals();
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<proofmint::crypto::Entropy> entropy,
      proofmint::crypto::NewSystemEntropy());
  // systemd makes the folder of the default address; a daemon started by hand
  // makes it itself, and if it cannot, the listener says so.
  if (listen == std::vector<std::string>{kDefaultAddress}) {
    mkdir(proofmint::service::kDefaultDirectory, 0750);
  }
  ServerOptions options;
  options.enable_reflection = enable_reflection;
  for (const std::string& text : listen) {
    PROOFMINT_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(text));
    options.listen.push_back(std::move(address));
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<Server> server,
                             Server::Start(options, *entropy, absl::Now));
  for (const std::string& address : server->addresses()) {
    LogInfo("listening", {{"address", address}});
  }
  LogInfo("serving", {{"version", PROOFMINT_VERSION}});
  sd_notify(/*unset_environment=*/0, "READY=1");

  int signal;
  sigwait(&stop_signals, &signal);
  LogInfo("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  sd_notify(/*unset_environment=*/0, "STOPPING=1");
  server->Stop(kStopGrace);
  LogInfo("stopped");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "proofmintd mints DPoP proofs (RFC 9449) for the brokers on this host.\n"
      "It runs until SIGTERM or SIGINT and logs JSON lines to standard error.");
  std::vector<std::string> listen = {kDefaultAddress};
  bool enable_reflection = false;
  std::string kernel = "boringssl";
  app.set_version_flag("--version", PROOFMINT_VERSION);
  app.add_option("--listen", listen,
                 "Addresses to serve, separated by commas: unix:PATH,\n"
                 "127.0.0.1:PORT or [::1]:PORT (0 picks a free port)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--enable_reflection", enable_reflection,
               "Serve gRPC reflection, for tools such as grpcurl");
  app.add_option("--kernel", kernel, "What makes keys and signatures")
      ->check(CLI::IsMember({"boringssl"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  proofmint::service::CaptureLibraryLogs();
  absl::Status status = Run(listen, enable_reflection);
  if (!status.ok()) {
    LogError("failed", {{"error", std::string(status.message())}});
    return 1;
  }
  return 0;
}
