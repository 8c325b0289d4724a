// proofmint-retrying-client calls a signer as a broker does, with the retry
// policy of a service config, and prints what the broker observed.
// scripts/reliability runs it, and operators can to rehearse a restart.

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/load/options.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/contract/limits.h"
#include "signer/service/server/stop_signals.h"
#include "tests/reliability/broker.h"

namespace proofmint::reliability {
namespace {

using Json = nlohmann::ordered_json;  // members as they are written here

struct Flags {
  std::vector<std::string> targets;
  load::TlsOptions tls;
  std::string service_config;
  std::string duration = "10s";
  std::string deadline = "10s";
  BrokerOptions broker;

  void AddTo(CLI::App& app);
};

std::string CheckDuration(const std::string& text) {
  absl::Duration duration;
  return absl::ParseDuration(text, &duration) &&
                 duration >= absl::Milliseconds(1) &&
                 duration <= absl::Hours(24)
             ? ""
             : "want a duration of 1ms to 24h, such as 10s";
}

void Flags::AddTo(CLI::App& app) {
  app.add_option("--target", targets,
                 "Servers: unix:PATH or HOST:PORT, separated by commas;\n"
                 "each thread calls one of them")
      ->delimiter(',')
      ->required();
  app.add_option("--service_config", service_config,
                 "The retry policy, such as deploy/service_config.json;\n"
                 "without it no call is retried")
      ->check(CLI::ExistingFile);
  app.add_option("--threads", broker.threads,
                 "Threads, each with its own connection and one call at a time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--rate", broker.rate,
                 "Calls per second of all threads; 0 calls without a pause")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--batch", broker.batch,
                 "Proofs per call; 1 calls SignProof, more BatchSignProofs")
      ->check(CLI::Range(1, service::kMaxBatchSize))
      ->capture_default_str();
  app.add_option("--duration", duration,
                 "How long to send calls; SIGTERM ends the run earlier")
      ->check(CheckDuration)
      ->capture_default_str();
  app.add_option("--deadline", deadline,
                 "The deadline of a call, including all its retries")
      ->check(CheckDuration)
      ->capture_default_str();
  app.add_option("--repeats", broker.repeats,
                 "How often to call again, after the delay of the RetryInfo,\n"
                 "when all attempts of the retry policy have failed")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  CLI::Option* ca =
      app.add_option("--tls_ca", tls.ca_file,
                     "Use TLS and trust the certificates of this PEM file")
          ->check(CLI::ExistingFile);
  CLI::Option* certificate =
      app.add_option("--tls_certificate", tls.certificate_file,
                     "This client's certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(ca);
  certificate->needs(
      app.add_option("--tls_key", tls.key_file,
                     "The private key of the certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(certificate));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("file: cannot read ", path, ", or it is empty"));
  }
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> NewCredentials(
    const load::TlsOptions& tls) {
  if (!tls.enabled()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions pem;
  PROOFMINT_ASSIGN_OR_RETURN(pem.pem_root_certs, ReadFile(tls.ca_file));
  PROOFMINT_ASSIGN_OR_RETURN(pem.pem_cert_chain,
                             ReadFile(tls.certificate_file));
  PROOFMINT_ASSIGN_OR_RETURN(pem.pem_private_key, ReadFile(tls.key_file));
  return grpc::SslCredentials(pem);
}

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> NewChannels(
    const Flags& flags) {
  PROOFMINT_ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::ChannelCredentials> credentials,
      NewCredentials(flags.tls));
  PROOFMINT_ASSIGN_OR_RETURN(std::string service_config,
                             ReadFile(flags.service_config));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A signer is away only for a moment. By default gRPC's backoff begins with
  // one second and grows to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  if (!service_config.empty()) arguments.SetServiceConfigJSON(service_config);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < flags.broker.threads; ++i) {
    channels.push_back(grpc::CreateCustomChannel(
        flags.targets[i % flags.targets.size()], credentials, arguments));
  }
  return channels;
}

// Waits for `duration`, or for one of `signals`.
void Wait(const sigset_t& signals, absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  for (absl::Time now = absl::Now(); now < end; now = absl::Now()) {
    const timespec timeout = absl::ToTimespec(end - now);
    if (sigtimedwait(&signals, nullptr, &timeout) > 0) return;
  }
}

Json Milliseconds(const load::Histogram& latency, double percentile) {
  return static_cast<double>(latency.ValueAtPercentile(percentile)) / 1e6;
}

Json Summary(const Broker::Counts& counts, const ProofChecker::Counts& proofs) {
  Json lead;
  if (proofs.least_lead.has_value()) {
    lead = {*proofs.least_lead, *proofs.greatest_lead};
  }
  return {{"calls", counts.calls},
          {"failed_calls", counts.failed_calls},
          {"failures", counts.failures},
          {"unlabelled", counts.unlabelled},
          {"repeats", counts.repeats},
          {"first_failure", counts.first_failure},
          {"right_proofs", proofs.right},
          {"wrong_proofs", proofs.wrong},
          {"duplicate_proofs", proofs.duplicates},
          {"first_problem", proofs.first_problem},
          {"iat_minus_clock_s", lead},
          {"latency_ms",
           {{"p50", Milliseconds(counts.latency, 50)},
            {"p99", Milliseconds(counts.latency, 99)},
            {"max", Milliseconds(counts.latency, 100)}}}};
}

absl::StatusOr<bool> Run(Flags& flags) {
  const sigset_t signals = service::BlockStopSignals();
  service::KeepGrpcInitialized();
  absl::Duration duration;
  absl::ParseDuration(flags.duration, &duration);
  absl::ParseDuration(flags.deadline, &flags.broker.deadline);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  PROOFMINT_ASSIGN_OR_RETURN(channels, NewChannels(flags));
  Broker broker(flags.broker, channels);
  Wait(signals, duration);
  broker.Stop();
  const ProofChecker::Counts proofs = broker.proofs().counts();
  std::cout << Summary(broker.TakeCounts(), proofs).dump() << std::endl;
  return proofs.wrong + proofs.duplicates == 0;
}

}  // namespace
}  // namespace proofmint::reliability

int main(int argc, char** argv) {
  CLI::App app(
      "proofmint-retrying-client asks for proofs as a broker does, verifies\n"
      "each, and that no jti and no key comes twice, and prints what it saw "
      "as\n"
      "JSON. Exits with 1 if a proof was wrong or came before; failed calls "
      "are\n"
      "results.");
  proofmint::reliability::Flags flags;
  flags.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  absl::StatusOr<bool> right = proofmint::reliability::Run(flags);
  if (!right.ok()) {
    std::cerr << "error: " << right.status().message() << "\n";
    return 2;
  }
  return *right ? 0 : 1;
}
