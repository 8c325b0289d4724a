// Defines the options of a load test, and the syntax of some flags.

#ifndef PROOFMINT_BENCH_LOAD_OPTIONS_H_
#define PROOFMINT_BENCH_LOAD_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::load {

// WeightedAlgorithm is an algorithm's share of all proofs: `weight` out of the
// sum of all weights.
struct WeightedAlgorithm {
  dpop::Algorithm algorithm;
  int weight;
};

// Sweep is `steps` runs with rates from `from` to `to`, evenly spaced.
struct Sweep {
  double from;  // proofs/s
  double to;
  int steps;

  // Returns the rate of step `i`, 0 <= i < steps.
  double Rate(int i) const;
};

// TlsOptions names PEM files. TLS is used where `ca_file` is not empty.
struct TlsOptions {
  std::string ca_file;
  std::string certificate_file;  // this client's own; empty for none
  std::string key_file;
  std::string server_name;  // expected in the certificate; empty: the host

  bool enabled() const { return !ca_file.empty(); }
};

struct Options {
  std::vector<std::string> targets;
  TlsOptions tls;
  bool allow_remote = false;

  double rate = 0;       // proofs/s; 0 is a closed loop
  int concurrency = 64;  // calls in flight
  int batch = 1;         // proofs per call
  int connections = 4;
  absl::Duration duration = absl::Seconds(10);
  absl::Duration warmup = absl::Seconds(2);
  absl::Duration timeout = absl::Seconds(5);  // of a call and of connecting
  std::optional<Sweep> sweep;
  uint64_t seed = 1;
  int max_attempts = 1;

  std::vector<WeightedAlgorithm> algorithms = {{dpop::Algorithm::kEs256, 1}};
  std::string nonce;
  double verify = 0.01;  // fraction of the proofs

  absl::Duration max_p99 = absl::InfiniteDuration();

  std::string metrics_url;  // empty for none, like the files below
  std::string json_file;
  std::string html_file;
  std::string hgrm_file;
};

// The maximum of the sum of weights in a mix of algorithms.
inline constexpr int kMaxTotalWeight = 100;

// ParseAlgorithms reads "ES256" or "ES256:9,Ed25519:1".
absl::StatusOr<std::vector<WeightedAlgorithm>> ParseAlgorithms(
    absl::string_view text);

// ParseSweep reads "FROM:TO:STEPS".
absl::StatusOr<Sweep> ParseSweep(absl::string_view text);

// CheckTarget fails with INVALID_ARGUMENT unless `target` is unix:PATH or
// HOST:PORT and, without `allow_remote`, on this machine: a load test that hits
// a foreign server by a typing error is an attack.
absl::Status CheckTarget(const std::string& target, bool allow_remote);

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_OPTIONS_H_
