// Tests what all commands do with their arguments and with standard output.

#include "signer/tools/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::testing::HasSubstr;

constexpr char kCannotBeWritten[] =
    "error: standard output: cannot be written\n";

// Runs a command whose standard output goes where `redirection` says.
Result RunRedirected(const std::string& redirection,
                     const std::vector<std::string>& command) {
  std::vector<std::string> words = {"/bin/sh", "-c",
                                    "exec \"$@\" " + redirection, "sh"};
  words.insert(words.end(), command.begin(), command.end());
  return RunProgram(words);
}

TEST(CommandLineTest, FailsIfStandardOutputTakesNothing) {
  Daemon daemon;
  const std::string target = "--target=" + daemon.target();
  const std::string htu = "--htu=https://idp.example/token";
  const std::string proof = RunProgram({PROOFMINT, "sign", target, htu}).output;
  const std::vector<std::vector<std::string>> kCommands = {
      {PROOFMINT, "sign", target, htu},
      {PROOFMINT, "sign", target, htu, "--json"},
      {PROOFMINT, "inspect", proof.substr(0, proof.size() - 1)},
      {PROOFMINT, "health", target},
      {PROOFMINT, "capabilities", target},
      {PROOFMINT, "doctor", target, "https://127.0.0.1:1"},
      {PROOFMINT, "doctor", target, "https://127.0.0.1:1", "--json"},
      {PROOFMINT, "token", target, "https://127.0.0.1:1", "--client_id=a",
       "--grant=client_credentials"},
      {PROOFMINT, "kek", "new"},
      {PROOFMINT, "--version"},
      {PROOFMINT, "--help"},
      {PROOFMINT, "sign", "--help"},
      {PROOFMINTD, "--version"},
      {PROOFMINTD, "--help"}};
  for (const std::vector<std::string>& command : kCommands) {
    for (const char* redirection : {"> /dev/full", ">&-"}) {
      const Result result = RunRedirected(redirection, command);
      EXPECT_GT(result.exit_code, 0) << command[1] << " " << redirection;
      EXPECT_THAT(result.error, HasSubstr(kCannotBeWritten))
          << command[1] << " " << redirection;
    }
  }
}

TEST(CommandLineTest, SignStopsWhenStandardOutputIsFull) {
  Daemon daemon;
  const Result result = RunRedirected(
      "> /dev/full", {PROOFMINT, "sign", "--target=" + daemon.target(),
                      "--htu=https://idp.example/token", "--count=2000000000"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.error, kCannotBeWritten);
}

TEST(CommandLineTest, KeepsItsConnectionsFromStandardOutput) {
  Daemon daemon;
  const Result result = RunRedirected(
      "<&- >&- 2>&-", {PROOFMINT, "health", "--target=" + daemon.target()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(daemon.process().Output(), "");
}

TEST(CommandLineTest, AnEmptyValueDoesNotTakeTheNextFlag) {
  const Result target = RunProgram({PROOFMINT, "sign", "--target=", "--htu=x"});
  EXPECT_GT(target.exit_code, 1);
  EXPECT_THAT(target.error, HasSubstr("--target: got \"\", want unix:PATH"));
  Daemon daemon;
  const Result nonce =
      RunProgram({PROOFMINT, "sign", "--nonce=", "--json",
                  "--target=" + daemon.target(), "--htu=https://h/"});
  EXPECT_EQ(nonce.exit_code, 0) << nonce.error;
  EXPECT_THAT(nonce.output, HasSubstr(R"("nonce":"")"));
  for (const char* flag :
       {"--kek_file=", "--audit_log=", "--tls_certificate=", "--tls_key=",
        "--tls_client_ca=", "--metrics_listen=", "--listen="}) {
    const Result result = RunProgram({PROOFMINTD, flag, "--lame_duck=1s"});
    EXPECT_GT(result.exit_code, 0) << flag;
    EXPECT_THAT(result.error, HasSubstr("want ")) << flag;
  }
}

TEST(CommandLineTest, NamesAnUnknownCommand) {
  const Result result = RunProgram({PROOFMINT, "sgin", "--htu=https://h/"});
  EXPECT_GT(result.exit_code, 1);
  EXPECT_THAT(result.error,
              HasSubstr("got the command sgin: want one of sign, inspect, "));
  EXPECT_THAT(RunProgram({PROOFMINT, "kek", "nwe"}).error,
              HasSubstr("got the command nwe: want one of new\n"));
}

}  // namespace
}  // namespace proofmint::tools
