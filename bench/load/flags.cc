#include "bench/load/flags.h"

#include <CLI/CLI.hpp>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/limits.h"

namespace proofmint::load {
namespace {

constexpr char kDescription[] =
    "proofmint-load puts a proofmintd under load and reports the throughput,\n"
    "latency and errors that its callers would observe.\n\n"
    "  proofmint-load --target=unix:/run/proofmint/proofmintd.sock \\\n"
    "    --rate=5000 --duration=30s --json=run.json --html=run.html\n\n"
    "With --rate the loop is open: calls are due at random times (Poisson) "
    "that\n"
    "were fixed beforehand, whatever the server does. A call that waits for "
    "the\n"
    "server, or for its turn because --concurrency calls are in flight, is\n"
    "timed from the moment it was due (corrected latency) and from the moment\n"
    "it was sent (uncorrected). Without --rate the loop is closed: every call\n"
    "that ends is followed by the next, which finds the highest rate and says\n"
    "little about latency.";

constexpr char kFooter[] =
    "The knee of a sweep is the highest rate of the unbroken run of steps, "
    "from\n"
    "the lowest on, that the server keeps up with: it answers at least 98 % "
    "of\n"
    "the proofs that were due in time, without an error, and the corrected\n"
    "99th percentile is at most 20 ms.\n\n"
    "Ctrl-C ends the run early; the report is still written. Exits with 0; "
    "with\n"
    "1 if a proof was wrong, none was right or the run could not be made; "
    "with\n"
    "3 if --max_p99 was exceeded; with another number if a flag is wrong. "
    "Errors\n"
    "of the server are results.";

constexpr absl::Duration kLongest = absl::Hours(24 * 7);

// Refuses NaN, which CLI11's ranges accept.
std::string IsNumber(const std::string& text) {
  double value;
  return absl::SimpleAtod(text, &value) && !std::isnan(value) ? ""
                                                              : "want a number";
}

absl::Status ParseDuration(absl::string_view flag, const std::string& text,
                           absl::Duration least, absl::Duration& duration) {
  if (absl::ParseDuration(text, &duration) && duration >= least &&
      duration <= kLongest) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, ": got \"", text, "\", want a duration of ",
                   absl::FormatDuration(least), " to ",
                   absl::FormatDuration(kLongest), ", such as 10s or 500ms"));
}

}  // namespace

void Flags::AddTo(CLI::App& app) {
  app.description(kDescription);
  app.footer(kFooter);
  const char* where = "Where";
  app.add_option("--target", options_.targets,
                 "Servers: unix:PATH or HOST:PORT, separated by commas;\n"
                 "the flag can be repeated")
      ->delimiter(',')
      ->required()
      ->group(where);
  app.add_flag("--allow_remote", options_.allow_remote,
               "Allow targets that are not on this machine")
      ->group(where);
  app.add_option("--connections", options_.connections,
                 "Connections, spread evenly over the targets")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str()
      ->group(where);
  CLI::Option* ca =
      app.add_option("--tls_ca", options_.tls.ca_file,
                     "Use TLS and trust the certificates of this PEM file.\n"
                     "The --tls_... flags name regular files, not pipes")
          ->check(CLI::ExistingFile)
          ->group(where);
  CLI::Option* certificate =
      app.add_option("--tls_certificate", options_.tls.certificate_file,
                     "This client's certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(ca)
          ->group(where);
  certificate->needs(
      app.add_option("--tls_key", options_.tls.key_file,
                     "The private key of the certificate, a PEM file")
          ->check(CLI::ExistingFile)
          ->needs(certificate)
          ->group(where));
  app.add_option("--tls_server_name", options_.tls.server_name,
                 "The name that the server's certificate must have, instead\n"
                 "of the target's host")
      ->needs(ca)
      ->group(where);

  const char* load = "Load";
  app.add_option("--rate", options_.rate,
                 "Proofs per second, in an open loop; 0 is a closed loop")
      ->check(IsNumber)
      ->check(CLI::Range(0.0, 1e8))
      ->capture_default_str()
      ->group(load);
  app.add_option("--sweep", sweep_,
                 "FROM:TO:STEPS: one run of --duration for each of STEPS\n"
                 "rates from FROM to TO, to find the knee")
      ->excludes("--rate")
      ->group(load);
  app.add_option("--concurrency", options_.concurrency,
                 "Maximum number of calls in flight; a closed loop always has\n"
                 "that many")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(load);
  app.add_option("--batch", options_.batch,
                 "Proofs per call; 1 calls SignProof, more BatchSignProofs")
      ->check(CLI::Range(1, service::kMaxBatchSize))
      ->capture_default_str()
      ->group(load);
  app.add_option("--duration", duration_, "How long to measure")
      ->capture_default_str()
      ->group(load);
  app.add_option("--warmup", warmup_,
                 "How long to apply load before that, without measuring")
      ->capture_default_str()
      ->group(load);
  app.add_option("--timeout", timeout_,
                 "The deadline of a call, and how long to wait for a\n"
                 "connection and, in the end, for calls in flight")
      ->capture_default_str()
      ->group(load);
  app.add_option("--max_attempts", options_.max_attempts,
                 "Maximum number of attempts per call: a call that fails with\n"
                 "UNAVAILABLE, CANCELLED or a RetryInfo is sent again, after\n"
                 "the delay of the RetryInfo or else about 100 ms")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group(load);
  app.add_option("--seed", options_.seed,
                 "Seed of the random arrivals; the same seed repeats them")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(load);

  const char* proofs = "Proofs";
  app.add_option("--algorithm", algorithm_,
                 "ES256, Ed25519, EdDSA, or a mix: ES256:9,Ed25519:1")
      ->capture_default_str()
      ->group(proofs);
  app.add_option("--nonce", options_.nonce, "The DPoP-Nonce of the proofs")
      ->group(proofs);
  app.add_option("--verify", options_.verify,
                 "The fraction of the proofs to verify: signature, claims,\n"
                 "thumbprint, and that none is a duplicate. Verification uses\n"
                 "idle CPU time only; sampling pauses when that does not\n"
                 "suffice")
      ->check(IsNumber)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(proofs);

  const char* report = "Report";
  app.add_option("--max_p99", max_p99_,
                 "Exit with 3 if the corrected 99th percentile of a run is\n"
                 "longer than this, such as 20ms; of a sweep, that of its knee")
      ->group(report);
  app.add_option("--metrics", options_.metrics_url,
                 "URL of the server's Prometheus metrics, for its memory and\n"
                 "its CPU time per proof: http://127.0.0.1:PORT/metrics")
      ->group(report);
  app.add_option("--json", options_.json_file, "Write the report as JSON")
      ->group(report);
  app.add_option("--html", options_.html_file,
                 "Write the report as an HTML page")
      ->group(report);
  app.add_option("--hgrm", options_.hgrm_file,
                 "Write the corrected latencies, in microseconds, as a\n"
                 "percentile distribution of HdrHistogram")
      ->group(report);
}

absl::StatusOr<Options> Flags::ToOptions() const {
  Options options = options_;
  for (const std::string& target : options.targets) {
    PROOFMINT_RETURN_IF_ERROR(CheckTarget(target, options.allow_remote));
  }
  PROOFMINT_ASSIGN_OR_RETURN(options.algorithms, ParseAlgorithms(algorithm_));
  PROOFMINT_RETURN_IF_ERROR(ParseDuration(
      "duration", duration_, absl::Milliseconds(100), options.duration));
  PROOFMINT_RETURN_IF_ERROR(
      ParseDuration("warmup", warmup_, absl::ZeroDuration(), options.warmup));
  PROOFMINT_RETURN_IF_ERROR(ParseDuration(
      "timeout", timeout_, absl::Milliseconds(1), options.timeout));
  if (!max_p99_.empty()) {
    PROOFMINT_RETURN_IF_ERROR(ParseDuration(
        "max_p99", max_p99_, absl::Nanoseconds(1), options.max_p99));
  }
  if (!sweep_.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(options.sweep, ParseSweep(sweep_));
  }
  if (options.connections < static_cast<int>(options.targets.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("--connections: got ", options.connections,
                     ", want at least one for each of the ",
                     options.targets.size(), " targets"));
  }
  return options;
}

}  // namespace proofmint::load
