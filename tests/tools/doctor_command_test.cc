#include "signer/tools/doctor_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "signer/tools/token_command.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/run_command.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Result;
using ::proofmint::testing::RunCommand;
using ::proofmint::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kIssuer[] = "https://idp.example";

// These fail before anything is called.
class WrongUsageTest : public ::testing::Test {
 protected:
  WrongUsageTest() { std::ofstream(secret_) << "a-secret-of-the-client\n"; }

  void ExpectError(void (*add)(CLI::App&, int&), std::vector<std::string> words,
                   const std::string& text) {
    const Result result = RunCommand(add, words);
    EXPECT_GE(result.exit_code, 100) << text;
    EXPECT_THAT(result.error, HasSubstr(text));
    EXPECT_THAT(result.output + result.error,
                Not(HasSubstr("a-secret-of-the-client")));
  }

  TempDir directory_;
  const std::string secret_ = directory_ / "secret";
  const std::string secret_flag_ = "--client_secret_file=" + secret_;
};

TEST_F(WrongUsageTest, OfTheDoctor) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> kCases = {
      {{}, "ISSUER is required"},
      {{"idp.example"}, "ISSUER"},
      {{"http://idp.example"}, "want an https URL"},
      {{"http://127.0.0.1:1"}, "--allow_insecure_loopback"},
      {{"http://127.0.0.1.evil.example", "--allow_insecure_loopback"},
       "want an https URL"},
      {{kIssuer, "--algorithm=RS256"}, "--algorithm"},
      {{kIssuer, "--grant=code_probe"}, "needs --client_id"},
      {{kIssuer, "--grant=password"}, "--grant"},
      {{kIssuer, "--grant=client_credentials", "--client_id=a"},
       "--client_secret_file"},
      {{kIssuer, secret_flag_, "--grant=none"}, "--client_id"},
      {{kIssuer, "--client_id=a", secret_flag_, "--grant=login"},
       "--redirect_uri"},
      {{kIssuer, "--client_id=a", "--client_secret_file=-", "--grant=login",
        "--redirect_uri=https://b.example"},
       "standard input"},
      {{kIssuer, "--client_id=a", secret_flag_, "--par"}, "--grant=login"},
      {{kIssuer, "--client_id=a", "--client_assertion_key_file=" + secret_},
       "private key"},
      {{kIssuer, "--client_id=a", "--client_secret_file=/no/such/file"},
       "No such file"},
      {{kIssuer, "--client_id=a", secret_flag_,
        "--token_endpoint_auth_method=none"},
       "none neither"},
      {{kIssuer, "--client_id=a", secret_flag_,
        "--client_assertion_key_file=" + secret_},
       "excludes"},
      {{kIssuer, "--ca_file=/no/such/file"}, "--ca_file"},
  };
  for (const auto& [flags, text] : kCases) {
    std::vector<std::string> words = {"doctor"};
    words.insert(words.end(), flags.begin(), flags.end());
    ExpectError(AddDoctorCommand, words, text);
  }
}

TEST_F(WrongUsageTest, OfToken) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> kCases = {
      {{"--grant=client_credentials"}, "--client_id"},
      {{"--client_id=a"}, "--grant is required"},
      {{"--client_id=a", "--grant=password"}, "--grant"},
      {{"--client_id=a", "--grant=authorization_code"}, "--code_file"},
      {{"--client_id=a", "--grant=refresh_token"}, "--refresh_token_file"},
      {{"--client_id=a", "--grant=client_credentials", "--code_file=x"},
       "--code_file"},
      {{"--client_id=a", "--grant=authorization_code", "--code_file=-",
        "--code_verifier_file=-"},
       "standard input"},
      {{"--client_id=a", "--grant=client_credentials", "--token_output=-",
        "--key_handle_output=-"},
       "standard output"},
  };
  for (const auto& [flags, text] : kCases) {
    std::vector<std::string> words = {"token", kIssuer};
    words.insert(words.end(), flags.begin(), flags.end());
    ExpectError(AddTokenCommand, words, text);
  }
}

TEST(DoctorCommandTest, NoFlagTakesASecret) {
  struct Command {
    void (*add)(CLI::App& app, int& exit_code);
    std::string name;
  };
  for (const Command& command : {Command{AddDoctorCommand, "doctor"},
                                 Command{AddTokenCommand, "token"}}) {
    const Result help = RunCommand(command.add, {command.name, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const char* flag : {"--client_secret ", "--code ", "--code_verifier ",
                             "--refresh_token ", "--key_handle "}) {
      EXPECT_THAT(help.output, Not(HasSubstr(flag)));
    }
  }
}

}  // namespace
}  // namespace proofmint::tools
