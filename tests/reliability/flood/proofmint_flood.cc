// proofmint-flood attacks a signer on this machine as a hostile peer would.
// scripts/reliability runs it.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "signer/base/status_macros.h"
#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/connection.h"
#include "tests/reliability/flood/endpoint.h"
#include "tests/reliability/flood/flood.h"

namespace proofmint::flood {
namespace {

using Json = nlohmann::ordered_json;  // members as they are written here

constexpr char kIdle[] = "idle";

struct Flags {
  std::string attack;
  std::string target;
  std::string source;
  bool tls = false;
  std::string certificate;
  std::string key;
  double duration = 3;   // seconds
  double reconnect = 5;  // milliseconds
  FloodOptions options;

  void AddTo(CLI::App& app);
};

std::string Describe() {
  std::string text =
      "proofmint-flood attacks a signer on this machine and prints, as JSON,\n"
      "what it sent and how often it was cut off. Attacks:\n";
  for (const Attack& attack : Attacks()) {
    absl::StrAppend(&text, "  ", attack.name, ": ", attack.description, "\n");
  }
  return absl::StrCat(text, "  ", kIdle, ": connections that stay open");
}

std::string CheckAttack(const std::string& name) {
  bool known = name == kIdle;
  for (const Attack& attack : Attacks()) known |= attack.name == name;
  return known ? "" : "want one of the attacks that --help lists";
}

void Flags::AddTo(CLI::App& app) {
  app.description(Describe());
  app.add_option("--attack", attack, "What to send")
      ->check(CheckAttack)
      ->required();
  app.add_option("--target", target,
                 "The server: unix:PATH or a loopback address with its port")
      ->required();
  app.add_option("--source", source,
                 "The client's own loopback address, such as 127.0.0.2:0");
  CLI::Option* with_tls = app.add_flag("--tls", tls, "Use TLS");
  CLI::Option* with_certificate =
      app.add_option("--tls_certificate", certificate,
                     "The client's certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(with_tls);
  with_certificate->needs(
      app.add_option("--tls_key", key,
                     "The private key of the certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(with_certificate));
  app.add_option("--connections", options.connections,
                 "Connections at a time; with idle up to 20000, else 64")
      ->check(CLI::Range(1, 20'000))
      ->capture_default_str();
  app.add_option("--reconnect", reconnect,
                 "How long a connection that was closed stays away, in ms")
      ->check(CLI::Range(0.0, 60'000.0))
      ->capture_default_str();
  app.add_option("--duration", duration, "How long to attack, in seconds")
      ->check(CLI::Range(0.1, 300.0))
      ->capture_default_str();
  app.add_option("--rate", options.rate,
                 "Blocks per second of all connections, such as batches of\n"
                 "slow_reader; 0 sends without a pause")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_flag("--acknowledge", options.acknowledge,
               "Acknowledge the server's SETTINGS, before they are read");
}

absl::StatusOr<Json> Run(Flags& flags) {
  Destination destination;
  PROOFMINT_ASSIGN_OR_RETURN(destination.server, ParseEndpoint(flags.target));
  if (!flags.source.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(destination.source, ParseEndpoint(flags.source));
  }
  SslContext ssl(nullptr, SSL_CTX_free);
  if (flags.tls) {
    PROOFMINT_ASSIGN_OR_RETURN(ssl,
                               NewSslContext(flags.certificate, flags.key));
    destination.ssl = ssl.get();
  }
  constexpr int kMostWithThreads = 64;
  if (flags.attack != kIdle && flags.options.connections > kMostWithThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("--connections: got ", flags.options.connections,
                     ", want 1 to ", kMostWithThreads));
  }
  // Every connection is a descriptor.
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  flags.options.duration = absl::Seconds(flags.duration);
  flags.options.reconnect = absl::Milliseconds(flags.reconnect);
  FloodCounts counts;
  if (flags.attack == kIdle) {
    counts = HoldConnections(destination, flags.options);
  }
  for (const Attack& attack : Attacks()) {
    if (attack.name != flags.attack) continue;
    counts = RunFlood(attack, destination, flags.options);
  }
  return Json{{"attack", flags.attack},
              {"connections_made", counts.made},
              {"connections_closed", counts.closed},
              {"connections_refused", counts.refused},
              {"first_refusal", counts.first_refusal},
              {"frames", counts.frames},
              {"bytes", counts.bytes}};
}

}  // namespace
}  // namespace proofmint::flood

int main(int argc, char** argv) {
  CLI::App app;
  proofmint::flood::Flags flags;
  flags.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  auto json = proofmint::flood::Run(flags);
  if (!json.ok()) {
    std::cerr << "error: " << json.status().message() << "\n";
    return 2;
  }
  std::cout << json->dump() << std::endl;
  return 0;
}
