#include "signer/tools/daemon_flags.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/limits.h"
#include "signer/service/net/listen_address.h"

namespace proofmint::tools {
namespace {

using service::ListenAddress;

// Some 100 MB of keys.
constexpr size_t kMaxKeyPoolSize = 65536;

constexpr double kMaxRate = 1e9;

// A daemon that is told to end still answers the calls that it delays.
constexpr absl::Duration kMaxFaultDelay = absl::Seconds(5);

// CLI::Range, but for NaN, which it takes.
std::function<std::string(const std::string&)> NumberFrom(double least,
                                                          double most) {
  return [least, most](const std::string& text) -> std::string {
    double number;
    bool ok =
        absl::SimpleAtod(text, &number) && number >= least && number <= most;
    return ok ? "" : absl::StrCat("want a number from ", least, " to ", most);
  };
}

// Adds a flag for a duration such as 10s, from `least` to `most`.
CLI::Option* AddDuration(CLI::App& app, const std::string& name,
                         absl::Duration& value, absl::Duration least,
                         absl::Duration most, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, least, most, name](const std::string& text) {
            absl::Duration parsed;
            if (!absl::ParseDuration(text, &parsed) || parsed < least ||
                parsed > most) {
              throw CLI::ValidationError(
                  name, absl::StrCat("got ", text, ", want a duration from ",
                                     absl::FormatDuration(least), " to ",
                                     absl::FormatDuration(most)));
            }
            value = parsed;
          },
          help)
      ->default_str(absl::FormatDuration(value))
      ->type_name("DURATION");
}

}  // namespace

DaemonFlags::DaemonFlags(CLI::App& app) : listen_({service::kDefaultAddress}) {
  AddSockets(app);
  AddCallers(app);
  AddKeys(app);
  AddLimits(app);
  AddOperations(app);
  AddFaults(app);
}

void DaemonFlags::AddSockets(CLI::App& app) {
  app.add_option("--listen", listen_,
                 "Addresses to serve, separated by commas: unix:PATH,\n"
                 "systemd for the Unix sockets of socket activation, or\n"
                 "IPV4:PORT or [IPV6]:PORT (0 picks a free port)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--allow_insecure_loopback", options_.allow_insecure_loopback,
               "Serve loopback TCP addresses in plaintext, to every process\n"
               "of this host");
  app.add_option("--tls_certificate", tls_.certificate,
                 "What TCP clients are shown: a PEM file with the certificate\n"
                 "and its chain. Read again when it changes, as are the next");
  app.add_option("--tls_key", tls_.key, "The private key of the certificate");
  app.add_option("--tls_client_ca", tls_.client_ca,
                 "The authorities that TCP clients' certificates must be from");
  AddDuration(app, "--max_connection_age", options_.max_connection_age,
              absl::Seconds(1), absl::Hours(24 * 30),
              "TCP clients are asked to connect anew after this");
}

void DaemonFlags::AddCallers(CLI::App& app) {
  app.add_option("--allowed_uids", options_.callers.allowed_uids,
                 "Users who may call over Unix sockets; without these two\n"
                 "flags everybody whom the socket's mode lets connect")
      ->delimiter(',');
  app.add_option("--allowed_gids", options_.callers.allowed_gids,
                 "Groups whose members may call over Unix sockets")
      ->delimiter(',');
  app.add_option("--allowed_sans", options_.callers.allowed_sans,
                 "Names of which a TCP client's certificate must have one: a\n"
                 "DNS name, a URI, or spiffe://DOMAIN/PATH/* for all below")
      ->delimiter(',');
}

void DaemonFlags::AddKeys(CLI::App& app) {
  app.add_option(
         "--kernel", kernel_,
         "What makes keys and signatures: auto takes the batch kernels\n"
         "where this CPU has the vectors for them, boringssl is one at\n"
         "a time")
      ->check(CLI::IsMember({"auto", "boringssl"}))
      ->capture_default_str();
  app.add_option("--key_pool_size", options_.key_pool_capacity,
                 "Keys kept ready for each algorithm; 0 makes each on demand")
      ->check(CLI::Range(size_t{0}, kMaxKeyPoolSize))
      ->capture_default_str();
  app.add_flag("--require_memory_lock", options_.require_memory_lock,
               "Do not start unless memory for keys is locked");
  app.add_option("--kek_file", options_.key_handles.kek_file,
                 "The keys that seal key handles, one a line as proofmint kek\n"
                 "new prints them; the first seals, all open. Read again when\n"
                 "it changes. None: handles end with this process");
  AddDuration(app, "--key_handle_ttl", options_.key_handles.ttl,
              absl::Seconds(1), keys::kMaxKeyHandleTtl,
              "How long a key handle can be used");
}

void DaemonFlags::AddLimits(CLI::App& app) {
  app.add_option("--max_in_flight", options_.admission.max_in_flight,
                 "Proofs that are asked for and not yet made; more are\n"
                 "refused as OVERLOADED")
      ->check(CLI::Range(size_t{service::kMaxBatchSize}, size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--caller_rate", options_.admission.caller_rate,
                 "Proofs a second for each caller; 0 is no limit")
      ->check(NumberFrom(0, kMaxRate))
      ->capture_default_str();
  app.add_option("--caller_burst", options_.admission.caller_burst,
                 "Proofs that a caller who was quiet may ask for at once")
      ->check(NumberFrom(service::kMaxBatchSize, kMaxRate))
      ->capture_default_str();
  AddDuration(app, "--max_deadline", options_.max_deadline,
              absl::Milliseconds(10), absl::Hours(1),
              "A caller's deadline counts as at most this");
}

void DaemonFlags::AddOperations(CLI::App& app) {
  app.add_option("--metrics_listen", metrics_listen_,
                 "Serve Prometheus metrics over HTTP at /metrics of this\n"
                 "address: 127.0.0.1:PORT (0 picks a free port)");
  app.add_option(
      "--audit_log", options_.audit_log,
      "Append a JSON line for each call to this file; - is standard\n"
      "error");
  AddDuration(app, "--lame_duck", lame_duck_, absl::ZeroDuration(),
              absl::Minutes(10),
              "How long at least calls are answered with DRAINING after\n"
              "SIGTERM, before the daemon ends");
  app.add_flag("--enable_reflection", options_.enable_reflection,
               "Serve gRPC reflection, for tools such as grpcurl");
  app.add_flag("--allow_debugging", allow_debugging_,
               "Let debuggers and profilers of the same user read this\n"
               "process, and its keys");
}

void DaemonFlags::AddFaults(CLI::App& app) {
  app.add_flag("--enable_fault_injection", enable_fault_injection_,
               "Let the flags --fault_... make calls fail: to rehearse");
  app.add_option("--fault_key_generation_failure_rate",
                 options_.faults.key_generation_failure_rate,
                 "Of proofs, 0 to 1")
      ->check(NumberFrom(0, 1));
  app.add_option("--fault_signing_failure_rate",
                 options_.faults.signing_failure_rate, "Of proofs, 0 to 1")
      ->check(NumberFrom(0, 1));
  AddDuration(app, "--fault_delay", options_.faults.delay, absl::ZeroDuration(),
              kMaxFaultDelay, "Before each call is looked at");
}

bool DaemonFlags::default_listen() const {
  return listen_ == std::vector<std::string>{service::kDefaultAddress};
}

absl::Status DaemonFlags::Finish() {
  if (kernel_ == "boringssl") options_.kernel = crypto::Kernel::kBoringSsl;
  for (const std::string& text : listen_) {
    PROOFMINT_ASSIGN_OR_RETURN(ListenAddress address,
                               service::ParseListenAddress(text));
    options_.listen.push_back(std::move(address));
  }
  if (!metrics_listen_.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(
        options_.metrics_listen,
        service::ParseLoopbackAddress("metrics_listen", metrics_listen_));
  }
  PROOFMINT_RETURN_IF_ERROR(FinishTls());
  return FinishFaults();
}

absl::Status DaemonFlags::FinishTls() {
  const std::pair<const char*, const std::string*> files[] = {
      {"tls_certificate", &tls_.certificate},
      {"tls_key", &tls_.key},
      {"tls_client_ca", &tls_.client_ca}};
  const char* missing = nullptr;
  int given = 0;
  for (const auto& [flag, path] : files) {
    if (path->empty()) {
      missing = flag;
    } else {
      ++given;
    }
  }
  if (given == 0) return absl::OkStatus();
  if (missing != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(missing,
                     ": got none, want a file, as for the other "
                     "flags of TLS"));
  }
  options_.tls = tls_;
  return absl::OkStatus();
}

absl::Status DaemonFlags::FinishFaults() {
  const service::Faults& faults = options_.faults;
  if (!enable_fault_injection_ && (faults.key_generation_failure_rate > 0 ||
                                   faults.signing_failure_rate > 0 ||
                                   faults.delay > absl::ZeroDuration())) {
    return absl::InvalidArgumentError(
        "enable_fault_injection: got a flag --fault_... without it, want both "
        "or neither");
  }
  return absl::OkStatus();
}

}  // namespace proofmint::tools
