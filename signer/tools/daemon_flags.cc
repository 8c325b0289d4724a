#include "signer/tools/daemon_flags.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/limits.h"
#include "signer/service/net/listen_address.h"

namespace proofmint::tools {
namespace {

using service::ListenAddress;

// Keys of about 100 MB.
constexpr size_t kMaxKeyPoolSize = 65536;

constexpr double kMaxRate = 1e9;

// A caller may have a quarter of the connections, so that even of the fewest a
// broker gets some. The most are those for which the unit has descriptors.
constexpr int kFewestConnections = 64;
constexpr int kMostConnections = 32'768;

// A daemon that stops still answers the calls that it delays.
constexpr absl::Duration kMaxFaultDelay = absl::Seconds(5);

// Like CLI::Range, which accepts NaN; this does not.
std::function<std::string(const std::string&)> NumberFrom(double least,
                                                          double most) {
  return [least, most](const std::string& text) -> std::string {
    double number;
    bool ok =
        absl::SimpleAtod(text, &number) && number >= least && number <= most;
    return ok ? "" : absl::StrCat("want a number from ", least, " to ", most);
  };
}

// Refuses "--flag=", perhaps of a variable that was not set: the daemon would
// run without what was asked for.
std::string NotEmpty(const std::string& text) {
  return text.empty() ? "want a value, or no such flag" : "";
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
      ->default_str(service::kDefaultAddress);
  app.add_flag("--allow_insecure_loopback", options_.allow_insecure_loopback,
               "Serve loopback TCP addresses in plaintext, to every process\n"
               "of this host");
  app.add_option("--tls_certificate", tls_.certificate,
                 "The server's certificate and its chain for TCP clients, a\n"
                 "PEM file. It and the next two files are reloaded when they\n"
                 "change")
      ->check(NotEmpty);
  app.add_option("--tls_key", tls_.key,
                 "The private key of the certificate, a PEM file")
      ->check(NotEmpty);
  app.add_option("--tls_client_ca", tls_.client_ca,
                 "The certificate authorities of TCP clients, a PEM file")
      ->check(NotEmpty);
  AddDuration(app, "--max_connection_age", options_.max_connection_age,
              absl::Seconds(1), absl::Hours(24 * 30),
              "Age at which TCP clients are asked to reconnect");
}

void DaemonFlags::AddCallers(CLI::App& app) {
  app.add_option("--allowed_uids", options_.callers.allowed_uids,
                 "uids that may call over Unix sockets; without this flag and\n"
                 "the next, every process that can connect")
      ->delimiter(',');
  app.add_option("--allowed_gids", options_.callers.allowed_gids,
                 "gids whose members may call over Unix sockets")
      ->delimiter(',');
  app.add_option("--allowed_sans", options_.callers.allowed_sans,
                 "Subject alternative names, one of which a TCP client's\n"
                 "certificate must have: a DNS name, a URI, or\n"
                 "spiffe://DOMAIN/PATH/* for all URIs below that path")
      ->delimiter(',');
}

void DaemonFlags::AddKeys(CLI::App& app) {
  app.add_option("--kernel", kernel_,
                 "Implementation of key generation and signing: auto uses the\n"
                 "batch kernels if this CPU has the vector instructions for\n"
                 "them; boringssl makes one key or signature at a time")
      ->check(CLI::IsMember({"auto", "boringssl"}))
      ->capture_default_str();
  app.add_option("--key_pool_size", options_.key_pool_capacity,
                 "Keys kept ready for each algorithm; 0 makes keys on demand")
      ->check(CLI::Range(size_t{0}, kMaxKeyPoolSize))
      ->capture_default_str();
  app.add_flag("--require_memory_lock", options_.require_memory_lock,
               "Do not start unless the memory for keys can be locked");
  app.add_option("--kek_file", options_.key_handles.kek_file,
                 "The key-encryption keys for key handles, one per line as\n"
                 "proofmint kek new prints them: the first seals handles, all\n"
                 "open them. Reloaded when it changes. Without a file,\n"
                 "handles are valid only until this process ends")
      ->check(NotEmpty);
  AddDuration(app, "--key_handle_ttl", options_.key_handles.ttl,
              absl::Seconds(1), keys::kMaxKeyHandleTtl,
              "How long a key handle is valid; at most a second longer");
}

void DaemonFlags::AddLimits(CLI::App& app) {
  app.add_option("--max_in_flight", options_.admission.max_in_flight,
                 "Maximum number of proofs requested and not yet made; more\n"
                 "are refused as OVERLOADED")
      ->check(CLI::Range(size_t{service::kMaxBatchSize}, size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--caller_rate", options_.admission.caller_rate,
                 "Proofs per second for each caller; 0 is no limit")
      ->check(NumberFrom(0, kMaxRate))
      ->capture_default_str();
  app.add_option("--caller_burst", options_.admission.caller_burst,
                 "Proofs that an idle caller may request at once")
      ->check(NumberFrom(service::kMaxBatchSize, kMaxRate))
      ->capture_default_str();
  app.add_option("--max_connections",
                 options_.connection_limits.max_connections,
                 "Maximum number of connections over Unix sockets, and as\n"
                 "many over TCP; a uid or address may have a quarter of them.\n"
                 "More are closed at once")
      ->check(CLI::Range(kFewestConnections, kMostConnections))
      ->capture_default_str();
  AddDuration(app, "--max_deadline", options_.max_deadline,
              absl::Milliseconds(10), absl::Hours(1),
              "Limit for the deadlines of callers; a longer one is\n"
              "shortened to this");
}

void DaemonFlags::AddOperations(CLI::App& app) {
  app.add_option("--metrics_listen", metrics_listen_,
                 "Serve Prometheus metrics over HTTP at /metrics of this\n"
                 "address: 127.0.0.1:PORT (0 picks a free port)")
      ->check(NotEmpty);
  app.add_option(
         "--audit_log", options_.audit_log,
         "Append a JSON line for each call to this file; - is standard\n"
         "error")
      ->check(NotEmpty);
  AddDuration(app, "--lame_duck", lame_duck_, absl::ZeroDuration(),
              absl::Minutes(10),
              "Minimum time after SIGTERM during which calls are answered\n"
              "with DRAINING, before the daemon stops");
  app.add_flag("--enable_reflection", options_.enable_reflection,
               "Serve gRPC reflection, for tools such as grpcurl");
  app.add_flag("--print_config", print_config_,
               "Print the flags in effect, one per line, and exit");
  app.add_flag("--allow_debugging", allow_debugging_,
               "Allow debuggers and profilers of the same user to read the\n"
               "memory of this process, including its keys");
}

void DaemonFlags::AddFaults(CLI::App& app) {
  app.add_flag("--enable_fault_injection", enable_fault_injection_,
               "Allow the --fault_... flags, which make calls fail, for\n"
               "rehearsals");
  app.add_option("--fault_key_generation_failure_rate",
                 options_.faults.key_generation_failure_rate,
                 "Share of proofs whose key generation fails, 0 to 1")
      ->check(NumberFrom(0, 1));
  app.add_option("--fault_signing_failure_rate",
                 options_.faults.signing_failure_rate,
                 "Share of proofs whose signing fails, 0 to 1")
      ->check(NumberFrom(0, 1));
  AddDuration(app, "--fault_delay", options_.faults.delay, absl::ZeroDuration(),
              kMaxFaultDelay, "Delay before each call is processed");
}

std::string DaemonFlags::ToText(const CLI::App& app) const {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    const bool is_action = option == app.get_help_ptr() ||
                           option == app.get_version_ptr() ||
                           name == "--print_config";
    if (is_action) continue;
    if (option->get_items_expected_max() == 0) {  // It takes no value.
      if (option->count() > 0) absl::StrAppend(&text, name, "\n");
      continue;
    }
    const std::string value = option->count() > 0
                                  ? absl::StrJoin(option->results(), ",")
                                  : option->get_default_str();
    if (!value.empty()) absl::StrAppend(&text, name, "=", value, "\n");
  }
  return text;
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
                     ": missing; --tls_certificate, --tls_key and "
                     "--tls_client_ca go together"));
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
        "enable_fault_injection: missing; the --fault_... flags need it");
  }
  return absl::OkStatus();
}

}  // namespace proofmint::tools
