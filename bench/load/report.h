// Formats the report of a run or a sweep: as JSON, as a table for the terminal,
// and as an HTML page.

#ifndef PROOFMINT_BENCH_LOAD_REPORT_H_
#define PROOFMINT_BENCH_LOAD_REPORT_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/load/connections.h"
#include "bench/load/options.h"
#include "bench/load/run.h"

namespace proofmint::load {

// Report refers to the results that it reports.
struct Report {
  const Options& options;
  const std::optional<ServerDescription>& server;
  const RunResult& run;      // for a sweep: its knee, or else its first step
  const SweepResult* sweep;  // null without --sweep
};

// ToJson returns the report in the form that docs/benchmarking.md describes.
// Latencies are in microseconds; numbers are rounded to 3 decimals.
nlohmann::ordered_json ToJson(const Report& report);

// ToTable returns the report as lines of text.
std::string ToTable(const Report& report);

// ToHtml puts `json`, a report of ToJson, into a self-contained page.
std::string ToHtml(const nlohmann::ordered_json& json);

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_REPORT_H_
