// The daemon as systemd or a person runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/testing/raw_socket.h"
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

// Starts a daemon with `flag`, which must make it fail, and returns what it
// says.
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

TEST(ProofmintdTest, StopsSoonDespiteAClientThatSaysNothing) {
  Daemon daemon;
  auto silent = proofmint::testing::ConnectUnix(daemon.path());
  ASSERT_TRUE(silent.valid());
  ASSERT_TRUE(IsHealthy(daemon.target()));
  absl::Time start = absl::Now();
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
  // The daemon's grace is 5 s.
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
  Result second = RunProgram(
      {PROOFMINTD, "--listen=unix:" + path + "," + first.tcp_target()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error, HasSubstr(first.tcp_target()));
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
       {"0.0.0.0:1", "[::]:1", "192.0.2.1:80", "127.0.0.1:65536",
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

TEST(ProofmintdTest, NamesTheFlagThatItDoesNotKnow) {
  EXPECT_THAT(Refusal("--no_such_flag"), HasSubstr("--no_such_flag"));
  EXPECT_THAT(Refusal("--kernel=magic"),
              AllOf(HasSubstr("--kernel"), HasSubstr("magic")));
  EXPECT_THAT(Refusal("argument"), HasSubstr("argument"));
}

TEST(ProofmintdTest, ExplainsItself) {
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
  EXPECT_THAT(version.output, MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace proofmint::tools
