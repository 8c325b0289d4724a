// proofmintd: the daemon. Flags to options, then run until SIGTERM or SIGINT.

#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/self_test.h"
#include "signer/crypto/status_macros.h"
#include "signer/service/listen_address.h"
#include "signer/service/log.h"
#include "signer/service/server.h"
#include "signer/service/stop_signals.h"

namespace {

using proofmint::service::kDefaultAddress;
using proofmint::service::ListenAddress;
using proofmint::service::LogError;
using proofmint::service::LogInfo;
using proofmint::service::ParseListenAddress;
using proofmint::service::ParseLoopbackAddress;
using proofmint::service::Server;
using proofmint::service::ServerOptions;

// How long calls in flight may go on after SIGTERM; a call takes milliseconds.
constexpr absl::Duration kStopGrace = absl::Seconds(5);

// Some 100 MB of keys.
constexpr size_t kMaxKeyPoolSize = 65536;

absl::Status Run(const std::vector<std::string>& listen,
                 const std::string& metrics_listen, ServerOptions options) {
  const sigset_t stop_signals = proofmint::service::BlockStopSignals();
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<proofmint::crypto::Entropy> entropy,
      proofmint::crypto::NewSystemEntropy());
  PROOFMINT_RETURN_IF_ERROR(
      proofmint::crypto::RunSelfTest(options.kernel, *entropy));
  // systemd makes the folder of the default address; a daemon started by hand
  // makes it itself, and if it cannot, the listener says so.
  if (listen == std::vector<std::string>{kDefaultAddress}) {
    mkdir(proofmint::service::kDefaultDirectory, 0750);
  }
  for (const std::string& text : listen) {
    PROOFMINT_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(text));
    options.listen.push_back(std::move(address));
  }
  if (!metrics_listen.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(
        options.metrics_listen,
        ParseLoopbackAddress("metrics_listen", metrics_listen));
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<Server> server,
                             Server::Start(options, *entropy, absl::Now));
  for (const std::string& address : server->addresses()) {
    LogInfo("listening", {{"address", address}});
  }
  if (!metrics_listen.empty()) {
    LogInfo("listening", {{"metrics", server->metrics_address()}});
  }
  const proofmint::keys::KeyPool& key_pool = server->key_pool();
  LogInfo("serving",
          {{"version", PROOFMINT_VERSION},
           {"kernel", proofmint::crypto::KernelName(options.kernel)},
           {"key_pool_size", absl::StrCat(key_pool.capacity())},
           {"key_pool_locked", key_pool.memory_locked() ? "true" : "false"}});
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
  std::string metrics_listen;
  ServerOptions options;
  std::string kernel = "auto";
  app.set_version_flag("--version", PROOFMINT_VERSION);
  app.add_option("--listen", listen,
                 "Addresses to serve, separated by commas: unix:PATH,\n"
                 "127.0.0.1:PORT or [::1]:PORT (0 picks a free port)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--metrics_listen", metrics_listen,
                 "Serve Prometheus metrics over HTTP at /metrics of this\n"
                 "address: 127.0.0.1:PORT (0 picks a free port)");
  app.add_flag("--enable_reflection", options.enable_reflection,
               "Serve gRPC reflection, for tools such as grpcurl");
  app.add_option(
         "--kernel", kernel,
         "What makes keys and signatures: auto takes the batch kernels\n"
         "where this CPU has the vectors for them, boringssl is one at\n"
         "a time")
      ->check(CLI::IsMember({"auto", "boringssl"}))
      ->capture_default_str();
  app.add_option("--key_pool_size", options.key_pool_capacity,
                 "Keys kept ready for each algorithm; 0 makes each on demand")
      ->check(CLI::Range(size_t{0}, kMaxKeyPoolSize))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  proofmint::service::CaptureLibraryLogs();
  if (kernel == "boringssl") {
    options.kernel = proofmint::crypto::Kernel::kBoringSsl;
  }
  absl::Status status = Run(listen, metrics_listen, std::move(options));
  if (!status.ok()) {
    LogError("failed", {{"error", std::string(status.message())}});
    return 1;
  }
  return 0;
}
