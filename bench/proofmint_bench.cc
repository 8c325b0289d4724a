// proofmint-bench: Proofmint against BoringSSL and OpenSSL, each of these one
// at a time, in one process. The sides take turns every few milliseconds, and
// the figures are medians over all rounds. Every result that was timed is
// verified; exits with 1 if one is wrong.

#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/cycle_clock.h"
#include "bench/report.h"
#include "bench/row.h"

namespace proofmint::bench {
namespace {

struct Options {
  std::string json;
  std::vector<std::string> rows;  // none: all
  int rounds = 15;
  std::string kernel = "simd";
  std::string corrupt;
};

// Google Benchmark's own table would show our times only: ours is made from the
// rows' rounds. This one looks for errors.
class ErrorReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (!run.error_occurred) continue;
      std::cerr << run.run_name.function_name << ": " << run.error_message
                << '\n';
      failed_ = true;
    }
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

// Leaves the rows that are called `names`; all of them without a name. Returns
// false if there is no such row.
bool Choose(const std::vector<std::string>& names,
            std::vector<std::unique_ptr<Row>>& rows) {
  if (names.empty()) return true;
  std::vector<std::unique_ptr<Row>> chosen;
  for (const std::string& name : names) {
    auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) {
      return row != nullptr && row->name() == name;
    });
    if (found == rows.end()) {
      std::cerr << "no row, or no second one, is called " << name << '\n';
      return false;
    }
    chosen.push_back(std::move(*found));
  }
  rows = std::move(chosen);
  return true;
}

// Measures all rows, their repetitions in random order. Returns false if
// anything failed.
bool Measure(int rounds, const std::vector<std::unique_ptr<Row>>& rows) {
  char program[] = "proofmint-bench";
  char interleaving[] = "--benchmark_enable_random_interleaving=true";
  char* arguments[] = {program, interleaving};
  int count = std::size(arguments);
  benchmark::Initialize(&count, arguments);
  for (const std::unique_ptr<Row>& row : rows) {
    benchmark::RegisterBenchmark(
        row->name().c_str(),
        [&row](benchmark::State& state) { row->Run(state); })
        ->UseManualTime()
        ->Iterations(row->RoundsPerRepetition())
        ->Repetitions(rounds);
  }
  ErrorReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return !reporter.failed();
}

int Run(const Options& options) {
  absl::StatusOr<std::unique_ptr<crypto::Entropy>> entropy =
      crypto::NewSystemEntropy();
  if (!entropy.ok()) {
    std::cerr << entropy.status() << '\n';
    return 1;
  }
  Contest contest = {.kernel = options.kernel == "boringssl"
                                   ? crypto::Kernel::kBoringSsl
                                   : crypto::DefaultKernel(),
                     .entropy = *std::move(entropy),
                     .corrupt = options.corrupt};
  // They share their names: that each is what it should be is no matter of
  // course.
  if (!absl::StartsWith(contest.boringssl->Version(), "BoringSSL") ||
      !absl::StartsWith(contest.openssl->Version(), "OpenSSL 3")) {
    std::cerr << "got " << contest.boringssl->Version() << " and "
              << contest.openssl->Version()
              << ", want BoringSSL and OpenSSL 3\n";
    return 1;
  }
  CycleClock clock;
  std::vector<std::unique_ptr<Row>> rows = AllRows(contest, clock);
  if (!Choose(options.rows, rows) || !Measure(options.rounds, rows)) return 1;

  std::vector<Summary> summaries;
  for (const std::unique_ptr<Row>& row : rows) {
    summaries.push_back(row->Summarize());
  }
  Environment environment = DescribeEnvironment(contest.kernel);
  std::cout << AsTable(summaries)
            << absl::StreamFormat(
                   "%s, kernel %s, %s; BoringSSL and %s one at a time\n"
                   "medians of interleaved rounds; every result verified; a "
                   "measured pause of nothing: %.0f ns\n",
                   environment.cpu, environment.kernel, environment.compiler,
                   contest.openssl->Version(), clock.overhead());
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << AsJson(environment, summaries);
    file.close();
    if (!file) {
      std::cerr << "cannot write " << options.json << '\n';
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace proofmint::bench

int main(int argc, char** argv) {
  proofmint::bench::Options options;
  CLI::App app("Compares Proofmint with BoringSSL and OpenSSL.");
  app.add_option("--json", options.json, "file to write the figures to");
  app.add_option("--rows", options.rows, "names of rows, instead of all")
      ->delimiter(',');
  app.add_option("--rounds", options.rounds, "repetitions of each row")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--kernel", options.kernel,
                 "boringssl: our own code with BoringSSL beneath it")
      ->check(CLI::IsMember({"simd", "boringssl"}))
      ->capture_default_str();
  app.add_option("--corrupt", options.corrupt,
                 "falsify a result of this side, which must be found")
      ->check(CLI::IsMember({"ours", "boringssl", "openssl"}));
  CLI11_PARSE(app, argc, argv);
  return proofmint::bench::Run(options);
}
