// proofmint-cost measures what the proofs of a broker cost, in one way at one
// load.

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bench/cost/cpu_clock.h"
#include "bench/cost/flags.h"
#include "bench/cost/measurement.h"
#include "bench/cost/way.h"
#include "bench/load/verifier.h"
#include "bench/machine.h"
#include "signer/base/status_macros.h"
#include "signer/tools/command_line.h"

namespace proofmint::cost {
namespace {

using Json = nlohmann::ordered_json;  // members as they are written here

double Rounded(double value) { return std::round(value * 1000) / 1000; }

// Returns null for a measurement without proofs.
Json MicrosecondsPerProof(absl::Duration time, int64_t proofs) {
  if (proofs == 0) return nullptr;
  return Rounded(absl::ToDoubleMicroseconds(time) /
                 static_cast<double>(proofs));
}

// Returns microseconds; null without a call that returned its proofs.
Json Latency(const load::Histogram& latency, double percentile) {
  if (latency.count() == 0) return nullptr;
  return Rounded(absl::ToDoubleMicroseconds(
      absl::Nanoseconds(latency.ValueAtPercentile(percentile))));
}

// Verifies when the measured time is over, so that it costs no CPU time of it.
absl::StatusOr<load::Verifier::Counts> Verify(
    const std::vector<v1::SignProofResponse>& sample) {
  static_assert(Recorder::kSampleSize <= load::Verifier::kBacklog);
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<load::Verifier> verifier,
                             load::Verifier::Start(std::string(kNonce)));
  for (const v1::SignProofResponse& proof : sample) {
    verifier->Add(dpop::Algorithm::kEs256, proof);
  }
  return verifier->Finish();
}

absl::StatusOr<Measurement> MeasureWay(const Options& options) {
  const size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::optional<CpuClock> signer;
  if (options.signer_pid != 0) {
    PROOFMINT_ASSIGN_OR_RETURN(signer, CpuClock::OfProcess(options.signer_pid));
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<Way> way,
                             NewWay(options.way, options.target, threads));
  return Measure(options.load, *way, threads,
                 signer.has_value() ? &*signer : nullptr);
}

Json ToJson(const Options& options, const Measurement& measured,
            const load::Verifier::Counts& verified) {
  Json json = {{"machine", bench::ToJson(bench::DescribeMachine())},
               {"way", options.way}};
  if (options.load.rate > 0) {
    json["rate"] = options.load.rate;
  } else {
    json["in_flight"] = options.load.in_flight;
  }
  json["proofs_per_second"] = Rounded(static_cast<double>(measured.returned) /
                                      absl::ToDoubleSeconds(measured.time));
  json["kept_up"] = measured.kept_up;
  json["broker_us"] =
      MicrosecondsPerProof(measured.broker_cpu, measured.returned);
  json["signer_us"] =
      MicrosecondsPerProof(measured.signer_cpu, measured.returned);
  json["p50_us"] = Latency(measured.records.latency, 50);
  json["p99_us"] = Latency(measured.records.latency, 99);
  json["failed"] = measured.records.failed;
  json["verified"] = verified.verified;
  json["wrong"] = verified.failures;
  return json;
}

absl::Status Run(const Options& options) {
  PROOFMINT_ASSIGN_OR_RETURN(const Measurement measured, MeasureWay(options));
  load::Verifier::Counts verified;
  if (options.way != "arrivals") {
    PROOFMINT_ASSIGN_OR_RETURN(verified, Verify(measured.records.sample));
  }
  std::cout << ToJson(options, measured, verified) << "\n";
  // A broker that falls behind may be refused or cut off.
  if (measured.records.failed > 0 &&
      (measured.kept_up || measured.returned == 0)) {
    return absl::InternalError(absl::StrCat(measured.records.failed,
                                            " calls failed, the first with ",
                                            measured.records.first_failure));
  }
  if (verified.failures > 0) {
    return absl::InternalError(
        absl::StrCat("a proof is wrong: ", verified.first_failure));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace proofmint::cost

int main(int argc, char** argv) {
  CLI::App app;
  app.set_version_flag("--version", PROOFMINT_VERSION);
  proofmint::cost::Flags flags;
  flags.AddTo(app);
  return proofmint::tools::RunCommandLine(app, argc, argv, [&] {
    absl::StatusOr<proofmint::cost::Options> options = flags.ToOptions();
    if (!options.ok()) {
      std::cerr << options.status().message() << "\n";
      return 2;
    }
    absl::Status status = proofmint::cost::Run(*options);
    if (!status.ok()) {
      std::cerr << "error: " << status.message() << "\n";
      return 1;
    }
    return 0;
  });
}
