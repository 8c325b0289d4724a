// proofmint-load puts proofmintd under load and reports what callers observe.

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/load/connections.h"
#include "bench/load/flags.h"
#include "bench/load/interrupt.h"
#include "bench/load/output_file.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "signer/base/status_macros.h"
#include "signer/tools/command_line.h"

namespace proofmint::load {
namespace {

// Outputs are the files of the report, opened before the run.
struct Outputs {
  OutputFile json;
  OutputFile html;
  OutputFile hgrm;
};

absl::StatusOr<Outputs> OpenOutputs(const Options& options) {
  PROOFMINT_ASSIGN_OR_RETURN(OutputFile json,
                             OutputFile::Open("--json", options.json_file));
  PROOFMINT_ASSIGN_OR_RETURN(OutputFile html,
                             OutputFile::Open("--html", options.html_file));
  PROOFMINT_ASSIGN_OR_RETURN(OutputFile hgrm,
                             OutputFile::Open("--hgrm", options.hgrm_file));
  return Outputs{std::move(json), std::move(html), std::move(hgrm)};
}

// Prints the table first: a file that cannot be written must not cost it.
absl::Status WriteReport(const Report& report, Outputs& outputs) {
  std::cout << ToTable(report) << std::flush;
  const nlohmann::ordered_json json = ToJson(report);
  absl::Status status = outputs.json.Write(json.dump(2) + "\n");
  status.Update(outputs.html.Write(ToHtml(json)));
  status.Update(outputs.hgrm.Write(report.run.measured.corrected.ToHgrm()));
  return status;
}

// Returns INTERNAL if the results, though reported, call for exit code 1.
absl::Status Judge(const std::vector<RunResult>& runs) {
  bool any_ok = false;
  for (const RunResult& run : runs) {
    if (run.verified.failures > 0) {
      return absl::InternalError(
          absl::StrCat("a proof is wrong: ", run.verified.first_failure));
    }
    if (run.measured.wrong > 0) {
      return absl::InternalError("a response breaks the contract");
    }
    any_ok |= run.measured.ok > 0;
  }
  return any_ok ? absl::OkStatus()
                : absl::InternalError("no proof was returned");
}

// Returns OUT_OF_RANGE if the results call for exit code 3.
absl::Status JudgeLatency(const RunResult& run, absl::Duration max_p99) {
  const absl::Duration p99 =
      absl::Nanoseconds(run.measured.corrected.ValueAtPercentile(99));
  if (p99 <= max_p99) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("p99: got ", absl::FormatDuration(p99), ", want at most ",
                   absl::FormatDuration(max_p99)));
}

absl::Status RunAll(const Options& options) {
  Interrupt interrupt;  // before anything starts a thread
  // A report that exceeds a file size limit is an error like any other.
  std::signal(SIGXFSZ, SIG_IGN);
  PROOFMINT_ASSIGN_OR_RETURN(Outputs outputs, OpenOutputs(options));
  std::optional<MetricsReader> metrics;
  if (!options.metrics_url.empty()) {
    metrics.emplace(options.metrics_url);
    PROOFMINT_RETURN_IF_ERROR(metrics->Read().status());
  }
  PROOFMINT_ASSIGN_OR_RETURN(auto channels, Connect(options));
  const std::optional<ServerDescription> server =
      DescribeServer(channels[0], options.timeout);
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<Verifier> verifier,
                             Verifier::Start(options.nonce));
  LoadTest test = {&options, std::move(channels), verifier.get(),
                   metrics.has_value() ? &*metrics : nullptr, &interrupt};
  SweepResult sweep;
  if (options.sweep.has_value()) {
    PROOFMINT_ASSIGN_OR_RETURN(sweep, RunSweep(test, *options.sweep));
  } else {
    PROOFMINT_ASSIGN_OR_RETURN(RunResult run, Run(test, options.rate));
    sweep.steps.push_back(std::move(run));
  }
  const RunResult* knee = sweep.knee();
  const RunResult& run =
      options.sweep.has_value() && knee != nullptr ? *knee : sweep.steps[0];
  PROOFMINT_RETURN_IF_ERROR(WriteReport(
      {options, server, run, options.sweep.has_value() ? &sweep : nullptr},
      outputs));
  PROOFMINT_RETURN_IF_ERROR(Judge(sweep.steps));
  return JudgeLatency(run, options.max_p99);
}

}  // namespace
}  // namespace proofmint::load

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CLI::App app;
  app.set_version_flag("--version", PROOFMINT_VERSION);
  proofmint::load::Flags flags;
  flags.AddTo(app);
  return proofmint::tools::RunCommandLine(app, argc, argv, [&] {
    absl::StatusOr<proofmint::load::Options> options = flags.ToOptions();
    if (!options.ok()) {
      std::cerr << options.status().message() << "\n";
      return 2;
    }
    absl::Status status = proofmint::load::RunAll(*options);
    if (!status.ok()) {
      std::cerr << "error: " << status.message() << "\n";
      return absl::IsOutOfRange(status) ? 3 : 1;
    }
    return 0;
  });
}
