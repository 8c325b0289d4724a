// proofmint-load puts proofmintd under load and reports what callers observe.

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/load/connections.h"
#include "bench/load/flags.h"
#include "bench/load/interrupt.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "signer/base/status_macros.h"
#include "signer/tools/command_line.h"

namespace proofmint::load {
namespace {

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

absl::Status WriteReport(const Report& report) {
  const nlohmann::ordered_json json = ToJson(report);
  PROOFMINT_RETURN_IF_ERROR(
      WriteFile(report.options.json_file, json.dump(2) + "\n"));
  PROOFMINT_RETURN_IF_ERROR(WriteFile(report.options.html_file, ToHtml(json)));
  PROOFMINT_RETURN_IF_ERROR(WriteFile(report.options.hgrm_file,
                                      report.run.measured.corrected.ToHgrm()));
  std::cout << ToTable(report);
  return absl::OkStatus();
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

absl::Status RunAll(const Options& options) {
  Interrupt interrupt;  // before anything starts a thread
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
  PROOFMINT_RETURN_IF_ERROR(WriteReport(
      {options, server,
       options.sweep.has_value() && knee != nullptr ? *knee : sweep.steps[0],
       options.sweep.has_value() ? &sweep : nullptr}));
  return Judge(sweep.steps);
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
      return 1;
    }
    return 0;
  });
}
