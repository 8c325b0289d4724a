// Tests the daemon under limits of the system, and with signals that would end
// another program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/testing/sanitizers.h"
#include "tests/testing/scrape.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::IsHealthy;
using ::proofmint::testing::kHasSanitizer;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::Process;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::Scrape;
using ::proofmint::testing::TempDir;

constexpr char kServing[] = R"("message":"serving")";

TEST(ProofmintdSignalsTest, GoesOnAfterSignalsThatItIgnores) {
  Daemon daemon;
  for (int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ}) {
    daemon.process().Signal(signal);
    EXPECT_TRUE(IsHealthy(daemon.target())) << strsignal(signal);
  }
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
}

// Each thread that writes gets the signal of its own writes: the thread of the
// audit log, and with "-" also the main thread, when it stops.
TEST(ProofmintdLimitsTest, DropsLinesBeyondAFileSizeLimitAndCountsThem) {
  TempDir directory;
  const std::string target = "unix:" + (directory / "s");
  for (const std::string& audit_log : {directory / "audit", std::string("-")}) {
    Process daemon({"/usr/bin/prlimit", "--fsize=8192", PROOFMINTD,
                    "--listen=" + target, "--audit_log=" + audit_log,
                    "--metrics_listen=127.0.0.1:0"});
    ASSERT_TRUE(daemon.WaitForError(kServing)) << daemon.Error();
    std::string metrics;
    for (absl::string_view line : absl::StrSplit(daemon.Error(), '\n')) {
      if (!absl::StrContains(line, R"("metrics")")) continue;
      metrics = nlohmann::json::parse(line.begin(), line.end())["metrics"];
    }
    EXPECT_EQ(RunProgram({PROOFMINT, "sign", "--target=" + target,
                          "--count=200", "--htu=https://idp.example/token"})
                  .exit_code,
              0);
    EXPECT_GT(ParseSamples(Scrape(metrics))["proofmint_audit_dropped_total"],
              0);
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Wait(), 0) << audit_log;
  }
}

// Starts a daemon by `command` that listens at `socket`. Expects that it either
// serves, until SIGTERM, or exits with 1 after a last line that says why.
// Returns whether it serves.
bool ServesOrSaysWhyNot(std::vector<std::string> command,
                        const std::string& socket) {
  command.push_back("--listen=unix:" + socket);
  command.push_back("--audit_log=-");
  command.push_back("--metrics_listen=127.0.0.1:0");
  Process daemon(command);
  if (daemon.WaitForError(kServing)) {
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Wait(), 0) << daemon.Error();
    return true;
  }
  const int status = daemon.Wait();
  const std::vector<std::string> lines =
      absl::StrSplit(daemon.Error(), '\n', absl::SkipEmpty());
  const std::string last = lines.empty() ? "" : lines.back();
  // The dynamic loader has an exit code of its own.
  if (status == 127) {
    EXPECT_TRUE(absl::StrContains(last, "loading shared libraries")) << last;
    return false;
  }
  EXPECT_EQ(status, 1) << daemon.Error();
  const auto json = nlohmann::json::parse(last, nullptr, false);
  EXPECT_TRUE(json.is_object() && json.value("message", "") == "failed" &&
              json.value("error", "") != "")
      << daemon.Error();
  return false;
}

TEST(ProofmintdLimitsTest, ServesOrSaysThatThereAreTooFewThreads) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become a user without other processes";
  }
  if (kHasSanitizer) {
    GTEST_SKIP() << "the leak checker needs a thread of its own at the end";
  }
  TempDir directory;
  std::filesystem::permissions(directory / "",
                               std::filesystem::perms::others_all,
                               std::filesystem::perm_options::add);
  // A copy of the program that every user may run, wherever the build is.
  const std::string program = directory / "proofmintd";
  std::filesystem::copy_file(PROOFMINTD, program);
  // A user that has no processes.
  constexpr char kUser[] = "54321";
  int served = 0;
  for (int limit = 1; served < 2; ++limit) {
    SCOPED_TRACE(limit);
    ASSERT_LT(limit, 100);
    served += ServesOrSaysWhyNot(
        {"/usr/bin/setpriv", absl::StrCat("--reuid=", kUser),
         absl::StrCat("--regid=", kUser), "--clear-groups", "/usr/bin/prlimit",
         absl::StrCat("--nproc=", limit), program},
        directory / "s");
    if (HasFailure()) return;
  }
}

TEST(ProofmintdLimitsTest, ServesOrSaysThatThereIsTooLittleMemory) {
  if (kHasSanitizer) GTEST_SKIP() << "sanitizers reserve terabytes";
  TempDir directory;
  bool served = false;
  for (size_t limit = 24; limit <= 320; limit += 12) {  // MiB
    SCOPED_TRACE(limit);
    served = ServesOrSaysWhyNot(
        {"/usr/bin/prlimit", absl::StrCat("--as=", limit << 20), PROOFMINTD},
        directory / "s");
    if (HasFailure()) return;
  }
  EXPECT_TRUE(served);
}

}  // namespace
}  // namespace proofmint::tools
