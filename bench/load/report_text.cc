#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "bench/load/report.h"
#include "bench/load/report_template.h"

namespace proofmint::load {
namespace {

double Milliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-6;
}

void AppendLatencies(absl::string_view name, const Histogram& histogram,
                     std::string& table) {
  absl::StrAppendFormat(&table, "%-16s", name);
  for (double percentile : {50.0, 90.0, 99.0, 99.9, 99.99}) {
    absl::StrAppendFormat(
        &table, " %9.3f",
        Milliseconds(histogram.ValueAtPercentile(percentile)));
  }
  absl::StrAppendFormat(&table, " %9.3f\n", Milliseconds(histogram.max()));
}

void AppendSweep(const SweepResult& sweep, std::string& table) {
  absl::StrAppendFormat(&table, "\n%12s %12s %9s %9s %8s\n", "proofs/s due",
                        "answered", "p50 ms", "p99 ms", "errors");
  for (const RunResult& step : sweep.steps) {
    absl::StrAppendFormat(
        &table, "%12.0f %12.0f %9.3f %9.3f %8d  %s\n", step.target_rate,
        step.achieved_rate(),
        Milliseconds(step.measured.corrected.ValueAtPercentile(50)),
        Milliseconds(step.measured.corrected.ValueAtPercentile(99)),
        step.measured.error_count(),
        &step == sweep.knee() ? "<- knee"
                              : (step.keeps_up() ? "" : "falls behind"));
  }
  if (sweep.knee() == nullptr) {
    table += "no knee: the lowest rate is more than the server keeps up with\n";
  }
}

std::string Or(const std::optional<double>& value, absl::string_view other) {
  return value.has_value() ? absl::StrFormat("%.2f us", *value)
                           : std::string(other);
}

}  // namespace

std::string ToTable(const Report& report) {
  const RunResult& run = report.run;
  const Measurements& measured = run.measured;
  std::string table;
  if (report.sweep != nullptr) {
    AppendSweep(*report.sweep, table);
    absl::StrAppendFormat(&table, "\nat %.0f proofs/s:\n", run.target_rate);
  }
  absl::StrAppendFormat(
      &table, "%-16s %s\n", "rate due",
      run.target_rate == 0 ? "closed loop"
                           : absl::StrFormat("%.1f proofs/s", run.target_rate));
  absl::StrAppendFormat(&table, "%-16s %.1f proofs/s over %.1f s%s\n",
                        "rate answered", run.achieved_rate(), run.seconds,
                        run.interrupted ? ", interrupted" : "");
  absl::StrAppendFormat(
      &table, "%-16s %d sent, %d ok, %d sent late, %d sent again\n", "proofs",
      measured.sent, measured.ok, measured.late_sends, measured.retries);
  absl::StrAppendFormat(&table, "%-16s %9s %9s %9s %9s %9s %9s\n", "latency ms",
                        "p50", "p90", "p99", "p99.9", "p99.99", "max");
  AppendLatencies("  from due", measured.corrected, table);
  AppendLatencies("  from sending", measured.uncorrected, table);
  if (measured.corrected.saturated() != 0) {
    absl::StrAppendFormat(&table, "%-16s %d calls took longer than 60 s\n", "",
                          measured.corrected.saturated());
  }
  absl::StrAppendFormat(&table, "%-16s server %s, client %s\n", "CPU per proof",
                        Or(run.server_cpu_us_per_proof, "not measured"),
                        Or(run.client_cpu_us_per_proof, "not measured"));
  if (run.server_memory.has_value()) {
    constexpr double kMebibyte = 1 << 20;
    absl::StrAppendFormat(
        &table, "%-16s %.1f MiB first, %.1f last, %.1f at most\n",
        "server memory",
        static_cast<double>(run.server_memory->first) / kMebibyte,
        static_cast<double>(run.server_memory->last) / kMebibyte,
        static_cast<double>(run.server_memory->max) / kMebibyte);
  }
  absl::StrAppendFormat(&table, "%-16s %d, of which %d wrong\n", "verified",
                        run.verified.verified, run.verified.failures);
  absl::StrAppendFormat(&table, "%-16s %d\n", "errors", measured.error_count());
  for (const auto& [reason, proofs] : measured.errors) {
    absl::StrAppendFormat(&table, "  %-30s %d\n", reason, proofs);
  }
  return table;
}

std::string ToHtml(const nlohmann::ordered_json& json) {
  std::string name =
      json["sweep"].is_object() ? "sweep"
      : json["target_rate"] == 0
          ? "closed loop"
          : absl::StrFormat("%g proofs/s", double(json["target_rate"]));
  nlohmann::ordered_json run = {{"name", name}};
  run.update(json);
  const nlohmann::ordered_json suite = {{"title", "proofmint-load: " + name},
                                        {"machine", json["machine"]},
                                        {"runs", {run}}};
  // Escapes "<", as report_page.py does, so that no text can end the script
  // element that holds it.
  std::string text = absl::StrReplaceAll(suite.dump(), {{"<", "\\u003c"}});
  return absl::StrReplaceAll(kReportTemplate, {{"@REPORT@", text}});
}

}  // namespace proofmint::load
