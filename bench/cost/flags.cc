#include "bench/cost/flags.h"

#include <CLI/CLI.hpp>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace proofmint::cost {
namespace {

constexpr char kDescription[] =
    "proofmint-cost is a broker that gets DPoP proofs in one way at one load.\n"
    "It prints, as one JSON object, the CPU time of itself and of the signer\n"
    "for a proof, and the latency from when a call was due.\n\n"
    "  proofmint-cost --way=openssl --rate=8000\n"
    "  proofmint-cost --way=unary_stub --rate=8000 \\\n"
    "    --target=unix:/run/proofmint/proofmintd.sock --signer_pid=4711\n\n"
    "scripts/cost runs it for all ways and loads, and makes the table.";

constexpr double kMaxRate = 1e6;    // proofs/s
constexpr double kMaxSeconds = 60;  // of a measurement, which is bounded

bool NeedsSigner(absl::string_view way) {
  return way == "unary_stub" || way == "batch_stub" || way == "signer_client";
}

// Checks a range, and refuses NaN, which CLI11's ranges accept.
CLI::Validator Between(double least, double most) {
  return CLI::Validator(
      [=](const std::string& text) {
        double value;
        if (absl::SimpleAtod(text, &value) && value >= least && value <= most) {
          return std::string();
        }
        return absl::StrCat("got ", text, ", want a number from ", least,
                            " to ", most);
      },
      absl::StrCat(least, " to ", most));
}

}  // namespace

void Flags::AddTo(CLI::App& app) {
  app.description(kDescription);
  app.add_option(
         "--way", options_.way,
         "arrivals: no proofs, what the figures contain of the load;\n"
         "openssl, boringssl: sign in process, a fresh key for each;\n"
         "unary_stub, batch_stub: SignProof, or BatchSignProofs of 64;\n"
         "signer_client: single calls of the client library")
      ->check(CLI::IsMember({"arrivals", "openssl", "boringssl", "unary_stub",
                             "batch_stub", "signer_client"}))
      ->required();
  CLI::Option* rate =
      app.add_option("--rate", options_.load.rate,
                     "Proofs per second, in an open loop (Poisson)")
          ->check(Between(1, kMaxRate));
  CLI::Option* in_flight =
      app.add_option("--in_flight", options_.load.in_flight,
                     "Proofs in flight, in a closed loop")
          ->check(CLI::Range(1, kMaxInFlight));
  rate->excludes(in_flight);
  app.add_option("--target", options_.target,
                 "The signer's address, for the ways that need one");
  app.add_option("--signer_pid", options_.signer_pid,
                 "The number of its process, to measure its CPU time")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", seconds_, "How long to measure")
      ->check(Between(0.1, kMaxSeconds))
      ->capture_default_str();
  app.add_option("--warmup", warmup_seconds_,
                 "How many seconds to apply the load before that")
      ->check(Between(0, kMaxSeconds))
      ->capture_default_str();
  app.add_option("--seed", options_.load.seed,
                 "Seed of the arrivals; the same seed repeats them")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

absl::StatusOr<Options> Flags::ToOptions() const {
  Options options = options_;
  options.load.warmup = absl::Seconds(warmup_seconds_);
  options.load.duration = absl::Seconds(seconds_);
  if (options.load.rate == 0 && options.load.in_flight == 0) {
    return absl::InvalidArgumentError(
        "got neither --rate nor --in_flight, want one");
  }
  if (NeedsSigner(options.way) &&
      (options.target.empty() || options.signer_pid == 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--way: got ", options.way,
                     ", want --target and --signer_pid with it"));
  }
  if (!NeedsSigner(options.way) &&
      !(options.target.empty() && options.signer_pid == 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--way: got ", options.way,
                     ", want neither --target nor --signer_pid with it"));
  }
  if (options.way == "batch_stub" && options.load.rate == 0 &&
      options.load.in_flight < kBatchSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("--in_flight: got ", options.load.in_flight,
                     ", want at least one batch of ", kBatchSize));
  }
  return options;
}

}  // namespace proofmint::cost
