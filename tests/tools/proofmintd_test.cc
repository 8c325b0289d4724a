// Tests the daemon as systemd or a person runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/scrape.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::IsHealthy;
using ::proofmint::testing::Process;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// Starts a daemon with `flag`, which must make it fail, and returns its output.
std::string Refusal(const std::string& flag) {
  Result result = RunProgram({PROOFMINTD, flag});
  EXPECT_GT(result.exit_code, 0) << flag;
  EXPECT_LT(result.exit_code, 128) << flag;
  return result.output + result.error;
}

TEST(ProofmintdTest, ServesOnEveryAddressThatItLogs) {
  Daemon daemon;
  EXPECT_TRUE(IsHealthy(daemon.target()));
  EXPECT_THAT(daemon.tcp_target(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_TRUE(IsHealthy(daemon.tcp_target()));
}

TEST(ProofmintdTest, StopsOnSignalsAndRemovesItsSocket) {
  for (int signal : {SIGTERM, SIGINT}) {
    Daemon daemon;
    daemon.process().Signal(signal);
    EXPECT_EQ(daemon.process().Wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(daemon.path()));
    EXPECT_THAT(daemon.process().Error(),
                HasSubstr(signal == SIGTERM ? "SIGTERM" : "SIGINT"));
    EXPECT_EQ(daemon.process().Output(), "");
  }
}

TEST(ProofmintdTest, StopsSoonDespiteASilentClient) {
  Daemon daemon;
  auto silent = proofmint::testing::ConnectUnix(daemon.path());
  ASSERT_TRUE(silent.valid());
  ASSERT_TRUE(IsHealthy(daemon.target()));
  absl::Time start = absl::Now();
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
  // The daemon's grace period is 5 s.
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST(ProofmintdTest, LogsOnlyJsonLines) {
  Daemon daemon;
  ASSERT_TRUE(IsHealthy(daemon.target()));
  daemon.process().Signal(SIGTERM);
  ASSERT_EQ(daemon.process().Wait(), 0);
  for (absl::string_view line :
       absl::StrSplit(daemon.process().Error(), '\n', absl::SkipEmpty())) {
    auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr,
                                      /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["level"], "info") << line;
  }
}

TEST(ProofmintdTest, ServesWithBoringSslAloneAndWithoutAPool) {
  Daemon daemon({"--kernel=boringssl", "--key_pool_size=0"});
  EXPECT_TRUE(daemon.process().WaitForError(R"("kernel":"boringssl")"));
  EXPECT_TRUE(daemon.process().WaitForError(R"("key_pool_size":"0")"));
  Result capabilities =
      RunProgram({PROOFMINT, "capabilities", "--target=" + daemon.target()});
  EXPECT_THAT(capabilities.output, HasSubstr("boringssl"));
  for (const char* algorithm : {"ES256", "Ed25519"}) {
    Result proofs =
        RunProgram({PROOFMINT, "sign", "--target=" + daemon.target(),
                    "--htu=https://idp.example/token", "--count=70",
                    absl::StrCat("--algorithm=", algorithm)});
    EXPECT_EQ(proofs.exit_code, 0) << proofs.error;
  }
}

TEST(ProofmintdTest, LeavesALiveSocketToItsDaemon) {
  Daemon first;
  Result second = RunProgram({PROOFMINTD, "--listen=" + first.target()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error, AllOf(HasSubstr(first.path()),
                                  HasSubstr("another process serves")));
  EXPECT_TRUE(IsHealthy(first.target()));
  first.process().Signal(SIGTERM);
  EXPECT_EQ(first.process().Wait(), 0);
}

TEST(ProofmintdTest, LeavesAPortInUseToItsDaemon) {
  Daemon first;
  TempDir directory;
  const std::string path = directory / "s.sock";
  Result second =
      RunProgram({PROOFMINTD, "--allow_insecure_loopback",
                  "--listen=unix:" + path + "," + first.tcp_target()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error, AllOf(HasSubstr(first.tcp_target()),
                                  HasSubstr("cannot be bound")));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(IsHealthy(first.tcp_target()));
}

TEST(ProofmintdTest, TakesOverTheSocketOfAKilledDaemon) {
  TempDir directory;
  const std::string target = "unix:" + (directory / "s.sock");
  Process first({PROOFMINTD, "--listen=" + target});
  ASSERT_TRUE(first.WaitForError("serving"));
  first.Signal(SIGKILL);
  EXPECT_EQ(first.Wait(), 128 + SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(directory / "s.sock"));
  EXPECT_FALSE(IsHealthy(target));
  Process second({PROOFMINTD, "--listen=" + target});
  ASSERT_TRUE(second.WaitForError("serving")) << second.Error();
  EXPECT_TRUE(IsHealthy(target));
}

TEST(ProofmintdTest, NamesTheAddressThatItCannotServe) {
  for (const char* address :
       {"0.0.0.0:1", "[::]:1", "192.0.2.1:80", "127.0.0.1:1", "127.0.0.1:65536",
        "127.0.0.1:http", "localhost:1", "127.0.0.1", "/run/x.sock"}) {
    EXPECT_THAT(Refusal(std::string("--listen=") + address),
                HasSubstr(address));
  }
  EXPECT_THAT(Refusal("--listen=unix:/proofmint-no-such-directory/s"),
              AllOf(HasSubstr("/proofmint-no-such-directory/s"),
                    HasSubstr("No such file or directory")));
  EXPECT_THAT(Refusal("--listen=unix:/"), HasSubstr("/"));
}

TEST(ProofmintdTest, RefusesOneBadAddressAmongGoodOnes) {
  TempDir directory;
  const std::string path = directory / "s.sock";
  EXPECT_THAT(Refusal("--listen=unix:" + path + ",0.0.0.0:1"),
              HasSubstr("0.0.0.0:1"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ProofmintdTest, NamesTheFlagThatIsWrongOrLacksAnother) {
  for (const auto& [flag, want] :
       std::vector<std::pair<const char*, const char*>>{
           {"--tls_key=/x", "tls_c"},
           {"--fault_signing_failure_rate=0.5", "enable_fault_injection"},
           {"--fault_delay=1s", "enable_fault_injection"},
           {"--fault_key_generation_failure_rate=2", "--fault_key_generation"},
           {"--allowed_sans=spiffe://td/*/x", "allowed_sans: got"},
           {"--allowed_uids=root", "--allowed_uids"},
           {"--kek_file=/no/such/file", "kek_file: /no/such/file: "},
           {"--key_handle_ttl=0s", "--key_handle_ttl"},
           {"--max_in_flight=1", "--max_in_flight"},
           {"--caller_burst=1", "--caller_burst"},
           {"--caller_rate=nan", "--caller_rate"},
           {"--fault_delay=6s", "--fault_delay"},
           {"--max_deadline=soon", "--max_deadline"},
           {"--lame_duck=-1s", "--lame_duck"},
           {"--audit_log=/no/such/folder/x",
            "audit_log: cannot open /no/such/folder/x: "}}) {
    TempDir directory;
    Result result =
        RunProgram({PROOFMINTD, "--listen=unix:" + (directory / "s"), flag});
    EXPECT_GT(result.exit_code, 0) << flag;
    EXPECT_LT(result.exit_code, 128) << flag;
    EXPECT_THAT(result.output + result.error, HasSubstr(want)) << flag;
  }
}

// hardening_test covers the rest.
TEST(ProofmintdTest, CannotBeDumpedUnlessAsked) {
  auto core_limit = [](Process& process) {
    return RunProgram({"/bin/grep", "Max core file size",
                       absl::StrCat("/proc/", process.pid(), "/limits")})
        .output;
  };
  Daemon daemon;
  EXPECT_THAT(core_limit(daemon.process()), HasSubstr(" 0 "));
  Daemon debugged({"--allow_debugging"});
  EXPECT_EQ(core_limit(debugged.process()),
            RunProgram({"/bin/grep", "Max core file size", "/proc/self/limits"})
                .output);
}

TEST(ProofmintdTest, IsReadyOnlyWhenItHasMadeAProof) {
  TempDir directory;
  const std::string target = "unix:" + (directory / "s");
  Process daemon({PROOFMINTD, "--listen=" + target, "--enable_fault_injection",
                  "--fault_key_generation_failure_rate=1"});
  ASSERT_TRUE(daemon.WaitForError("not ready"));
  EXPECT_THAT(daemon.Error(), HasSubstr("self-check failed"));
  EXPECT_FALSE(IsHealthy(target));
  EXPECT_THAT(daemon.Error(), Not(HasSubstr(R"("message":"serving")")));
  EXPECT_EQ(RunProgram({PROOFMINT, "health", "--target=" + target,
                        "--service=liveness"})
                .exit_code,
            0);
  EXPECT_THAT(RunProgram({PROOFMINT, "sign", "--target=" + target,
                          "--htu=https://idp.example/token"})
                  .error,
              AllOf(HasSubstr("UNAVAILABLE NOT_READY"), HasSubstr("retry:")));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(ProofmintdTest, InjectsFaults) {
  Daemon daemon(
      {"--enable_fault_injection", "--fault_signing_failure_rate=0.5"});
  Result result = RunProgram({PROOFMINT, "sign", "--target=" + daemon.target(),
                              "--htu=https://idp.example/token", "--batch=64",
                              "--count=64"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.output, "");
  EXPECT_THAT(result.error, HasSubstr("UNAVAILABLE SIGNING_FAILED"));
}

// A second signal ends even a daemon with a long drain.
TEST(ProofmintdTest, ASecondSignalEndsItByForce) {
  Daemon daemon({"--lame_duck=600s"});
  daemon.process().Signal(SIGTERM);
  ASSERT_TRUE(daemon.process().WaitForError("stopping"));
  EXPECT_THAT(RunProgram({PROOFMINT, "sign", "--target=" + daemon.target(),
                          "--htu=https://idp.example/token"})
                  .error,
              HasSubstr("UNAVAILABLE DRAINING"));
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 1);
  EXPECT_THAT(daemon.process().Error(), HasSubstr("ended by force"));
}

// SIGSTOP and SIGCONT, as from a debugger, do not count as a second signal.
TEST(ProofmintdTest, CompletesItsDrainAfterSigstopAndSigcont) {
  Daemon daemon({"--lame_duck=1s"});
  daemon.process().Signal(SIGTERM);
  ASSERT_TRUE(daemon.process().WaitForError("stopping"));
  daemon.process().Signal(SIGSTOP);
  daemon.process().Signal(SIGCONT);
  EXPECT_EQ(daemon.process().Wait(), 0);
  EXPECT_THAT(daemon.process().Error(), Not(HasSubstr("ended by force")));
}

TEST(ProofmintdTest, KeyHandlesOutliveItWithAKekFile) {
  TempDir directory;
  const std::string keks = directory / "keks";
  Result line = RunProgram({PROOFMINT, "kek", "new"});
  ASSERT_EQ(line.exit_code, 0) << line.error;
  std::ofstream(keks) << line.output;
  std::filesystem::permissions(keks, std::filesystem::perms::owner_read);
  std::string handle;
  std::string jkt;
  for (int round = 0; round < 2; ++round) {
    Daemon daemon({"--kek_file=" + keks});
    std::vector<std::string> command = {PROOFMINT, "sign",
                                        "--target=" + daemon.target(), "--json",
                                        "--htu=https://idp.example/token"};
    command.push_back(round == 0 ? "--return_key_handle"
                                 : "--key_handle=" + handle);
    Result proof = RunProgram(command);
    ASSERT_EQ(proof.exit_code, 0) << proof.error;
    auto json = nlohmann::json::parse(proof.output);
    if (round == 0) {
      handle = json["key_handle"];
      jkt = json["jkt"];
    } else {
      EXPECT_EQ(json["jkt"], jkt);
    }
  }
}

// No log, metric or audit line contains a secret that the daemon received or
// made.
TEST(ProofmintdTest, WritesNoSecretAnywhere) {
  TempDir directory;
  const std::string audit = directory / "audit";
  const std::string keks = directory / "keks";
  Result kek = RunProgram({PROOFMINT, "kek", "new"});
  std::ofstream(keks) << kek.output;
  std::filesystem::permissions(keks, std::filesystem::perms::owner_read);
  std::vector<std::string> secrets = {
      "n0nce-of-the-idp", "c0de-in-the-query",
      std::string(kek.output.substr(kek.output.rfind(':') + 1, 43))};
  std::string written;
  {
    Daemon daemon({"--kek_file=" + keks, "--audit_log=" + audit,
                   "--metrics_listen=127.0.0.1:0"});
    auto sign = [&](std::vector<std::string> flags) {
      flags.insert(flags.begin(),
                   {PROOFMINT, "sign", "--target=" + daemon.target(), "--json",
                    "--htu=https://idp.example/?code=c0de-in-the-query",
                    "--nonce=n0nce-of-the-idp"});
      return RunProgram(flags);
    };
    auto proof = nlohmann::json::parse(sign({"--return_key_handle"}).output);
    secrets.push_back(proof["key_handle"]);
    const std::string text = proof["proof"];
    secrets.push_back(text.substr(text.rfind('.') + 1));
    secrets.push_back(text.substr(text.find('.') + 1, 40));
    ASSERT_EQ(sign({"--key_handle=" + secrets[3]}).exit_code, 0);
    ASSERT_NE(
        sign({"--key_handle=" + secrets[3], "--algorithm=EdDSA"}).exit_code, 0);
    ASSERT_NE(sign({"--htm=n0nce-of-the-idp bad"}).exit_code, 0);
    written = proofmint::testing::Scrape(daemon.metrics_address());
    daemon.process().Signal(SIGTERM);
    EXPECT_EQ(daemon.process().Wait(), 0);
    written += daemon.process().Error() + daemon.process().Output();
  }
  std::ifstream file(audit);
  const std::string lines(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(lines, HasSubstr("idp.example"));
  EXPECT_THAT(lines, HasSubstr("INVALID_KEY_HANDLE"));
  for (const std::string& secret : secrets) {
    ASSERT_GT(secret.size(), 10u);
    EXPECT_THAT(written + lines, Not(HasSubstr(secret)));
  }
}

TEST(ProofmintdTest, NamesTheFlagThatItDoesNotKnow) {
  EXPECT_THAT(Refusal("--no_such_flag"), HasSubstr("--no_such_flag"));
  EXPECT_THAT(Refusal("--kernel=magic"),
              AllOf(HasSubstr("--kernel"), HasSubstr("magic")));
  EXPECT_THAT(Refusal("argument"), HasSubstr("argument"));
}

TEST(ProofmintdTest, PrintsHelpAndVersion) {
  Result help = RunProgram({PROOFMINTD, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* flag :
       {"--help", "--version", "--listen", "--enable_reflection", "--kernel",
        "unix:/run/proofmint/proofmintd.sock"}) {
    EXPECT_THAT(help.output, HasSubstr(flag));
  }
  EXPECT_EQ(help.error, "");
  Result version = RunProgram({PROOFMINTD, "--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"
                                           "kernel     [a-z0-9]+\n"
                                           "BoringSSL  [0-9a-f]+\n"));
}

TEST(ProofmintdTest, PrintsTheFlagsInEffect) {
  std::vector<std::string> command = {
      PROOFMINTD,          "--print_config", "--listen=unix:/a,[::1]:1",
      "--kek_file=/k",     "--lame_duck=2s", "--enable_reflection",
      "--allowed_uids=1,2"};
  const Result printed = RunProgram(command);
  EXPECT_EQ(printed.exit_code, 0) << printed.error;
  EXPECT_THAT(printed.output, StartsWith("--listen=unix:/a,[::1]:1\n"));
  for (const char* line :
       {"\n--kek_file=/k\n", "\n--lame_duck=2s\n", "\n--enable_reflection\n",
        "\n--allowed_uids=1,2\n", "\n--key_handle_ttl=", "\n--kernel=auto\n"}) {
    EXPECT_THAT(printed.output, HasSubstr(line));
  }
  for (const char* other : {"--audit_log", "--print_config", "--help"}) {
    EXPECT_THAT(printed.output, Not(HasSubstr(other)));
  }
  // What is printed is a command line with the same effect.
  command = absl::StrSplit(printed.output, '\n', absl::SkipEmpty());
  command.insert(command.begin(), {PROOFMINTD, "--print_config"});
  EXPECT_EQ(RunProgram(command).output, printed.output);
}

}  // namespace
}  // namespace proofmint::tools
