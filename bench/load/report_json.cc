#include <cmath>

#include "bench/load/report.h"
#include "bench/machine.h"

namespace proofmint::load {
namespace {

using Json = nlohmann::ordered_json;  // members as they are written here

Json Rounded(double value) { return std::round(value * 1000) / 1000; }

Json Rounded(const std::optional<double>& value) {
  return value.has_value() ? Rounded(*value) : Json();
}

Json Microseconds(double nanoseconds) { return Rounded(nanoseconds / 1000); }

Json Latencies(const Histogram& histogram) {
  auto percentile = [&](double p) {
    return Microseconds(static_cast<double>(histogram.ValueAtPercentile(p)));
  };
  return {{"p50", percentile(50)},
          {"p90", percentile(90)},
          {"p99", percentile(99)},
          {"p999", percentile(99.9)},
          {"p9999", percentile(99.99)},
          {"max", Microseconds(static_cast<double>(histogram.max()))},
          {"mean", Microseconds(histogram.Mean())}};
}

Json Percentiles(const Histogram& histogram) {
  Json points = Json::array();
  for (const Histogram::PercentilePoint& point : histogram.PercentileCurve()) {
    // Percentiles are not rounded: the last ones differ in the sixth decimal.
    points.push_back(Json::array(
        {point.percentile, Microseconds(static_cast<double>(point.value))}));
  }
  return points;
}

Json Timeline(const RunResult& run) {
  Json seconds = Json::array();
  for (size_t i = 0; i < run.measured.timeline.size(); ++i) {
    const TimelineSecond& second = run.measured.timeline[i];
    Json memory;
    if (i < run.resident_bytes.size() && run.resident_bytes[i].has_value()) {
      memory = *run.resident_bytes[i];
    }
    seconds.push_back({{"second", i},
                       {"sent", second.sent},
                       {"ok", second.ok},
                       {"errors", second.errors},
                       {"p50_us", Microseconds(double(second.p50))},
                       {"p99_us", Microseconds(double(second.p99))},
                       {"server_resident_bytes", memory}});
  }
  return seconds;
}

Json Config(const Report& report) {
  const Options& options = report.options;
  Json algorithms;
  for (const WeightedAlgorithm& entry : options.algorithms) {
    algorithms[std::string(dpop::AlgorithmName(entry.algorithm))] =
        entry.weight;
  }
  Json server;
  if (report.server.has_value()) {
    server = {{"version", report.server->version},
              {"kernel", report.server->kernel}};
  }
  return {{"targets", options.targets},
          {"rate", Rounded(options.rate)},
          {"concurrency", options.concurrency},
          {"batch", options.batch},
          {"connections", options.connections},
          {"duration_s", Rounded(absl::ToDoubleSeconds(options.duration))},
          {"warmup_s", Rounded(absl::ToDoubleSeconds(options.warmup))},
          {"timeout_s", Rounded(absl::ToDoubleSeconds(options.timeout))},
          {"algorithms", algorithms},
          {"nonce", options.nonce},
          {"verify", options.verify},
          {"seed", options.seed},
          {"max_attempts", options.max_attempts},
          {"tls", options.tls.enabled()},
          {"server", server}};
}

Json SweepAsJson(const SweepResult& sweep) {
  Json steps = Json::array();
  for (const RunResult& step : sweep.steps) {
    steps.push_back(
        {{"target_rate", Rounded(step.target_rate)},
         {"achieved_rate", Rounded(step.achieved_rate())},
         {"ok", step.measured.ok},
         {"errors", step.measured.errors},
         {"latency_us", Latencies(step.measured.corrected)},
         {"uncorrected_latency_us", Latencies(step.measured.uncorrected)},
         {"server_cpu_us_per_proof", Rounded(step.server_cpu_us_per_proof)},
         {"keeps_up", step.keeps_up()}});
  }
  Json knee;
  if (sweep.knee() != nullptr) knee = Rounded(sweep.knee()->target_rate);
  return {{"knee_rate", knee}, {"steps", steps}};
}

}  // namespace

Json ToJson(const Report& report) {
  const RunResult& run = report.run;
  const Measurements& measured = run.measured;
  Json memory;
  if (run.server_memory.has_value()) {
    memory = {{"first", run.server_memory->first},
              {"last", run.server_memory->last},
              {"max", run.server_memory->max}};
  }
  return {
      {"target_rate", Rounded(run.target_rate)},
      {"achieved_rate", Rounded(run.achieved_rate())},
      {"sent", measured.sent},
      {"ok", measured.ok},
      {"late_sends", measured.late_sends},
      {"errors", measured.errors},
      {"retries", measured.retries},
      {"latency_us", Latencies(measured.corrected)},
      {"uncorrected_latency_us", Latencies(measured.uncorrected)},
      {"server_cpu_us_per_proof", Rounded(run.server_cpu_us_per_proof)},
      {"client_cpu_us_per_proof", Rounded(run.client_cpu_us_per_proof)},
      {"server_resident_bytes", memory},
      {"verified", run.verified.verified},
      {"verify_failures", run.verified.failures},
      {"config", Config(report)},
      {"machine", bench::ToJson(bench::DescribeMachine())},
      {"interrupted", run.interrupted},
      {"timeline", Timeline(run)},
      {"percentiles", Percentiles(measured.corrected)},
      {"uncorrected_percentiles", Percentiles(measured.uncorrected)},
      {"sweep", report.sweep == nullptr ? Json() : SweepAsJson(*report.sweep)}};
}

}  // namespace proofmint::load
