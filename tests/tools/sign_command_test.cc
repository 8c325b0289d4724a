#include "signer/tools/sign_command.h"

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "signer/service/contract/errors.h"
#include "tests/bench/load/fake_signer.h"
#include "tests/testing/certificates.h"
#include "tests/tools/run_command.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::ErrorStatus;
using ::proofmint::testing::FakeSigner;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunCommand;
using ::testing::SizeIs;

// Runs `sign` against `signer`.
Result Sign(const FakeSigner& signer, const std::vector<std::string>& flags) {
  std::vector<std::string> words = {"sign", "--target=" + signer.target(),
                                    "--htu=https://idp.example/token"};
  words.insert(words.end(), flags.begin(), flags.end());
  return RunCommand(AddSignCommand, words);
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(SignCommandTest, CallsAsOftenAsTheBatchesNeed) {
  const std::vector<std::pair<std::vector<std::string>, int>> kCases = {
      {{"--count=3"}, 3},
      {{"--count=7", "--batch=3"}, 3},
      {{"--count=2", "--batch=256"}, 1}};
  for (const auto& [flags, calls] : kCases) {
    FakeSigner signer({});
    EXPECT_EQ(Sign(signer, flags).exit_code, 0);
    EXPECT_EQ(signer.calls(), calls);
  }
}

TEST(SignCommandTest, PrintsAKeyHandleWithJsonAlone) {
  FakeSigner signer({});
  const Result result = Sign(signer, {"--return_key_handle", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_THAT(std::string(json["key_handle"]),
              ::testing::MatchesRegex("[-_A-Za-z0-9]+"));
  const Result plain = Sign(signer, {"--return_key_handle"});
  EXPECT_GT(plain.exit_code, 1);
  EXPECT_THAT(plain.error, ::testing::HasSubstr("requires --json"));
  EXPECT_EQ(plain.output, "");
}

TEST(SignCommandTest, SaysHowManyProofsItCanMake) {
  FakeSigner signer({});
  EXPECT_THAT(Sign(signer, {"--count=0"}).error,
              ::testing::HasSubstr("--count: Value 0 not in range 1 to "
                                   "2147483647\n"));
}

TEST(SignCommandTest, ExpectsOfTheServerTheNameThatItIsGiven) {
  Certificates certificates;
  certificates.Issue("server", {.alt_names = "DNS:signer.example"});
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = certificates.Read("ca.crt");
  options.pem_key_cert_pairs = {
      {certificates.Read("server.key"), certificates.Read("server.crt")}};
  FakeSigner signer({}, grpc::SslServerCredentials(options));
  std::vector<std::string> flags = {
      "--tls_ca=" + certificates.Path("ca.crt"),
      "--tls_certificate=" + certificates.Path("client.crt"),
      "--tls_key=" + certificates.Path("client.key"), "--timeout=2"};
  EXPECT_EQ(Sign(signer, flags).exit_code, 1);
  flags.push_back("--tls_server_name=signer.example");
  flags.push_back("--timeout=30");
  flags.erase(flags.begin() + 3);
  const Result result = Sign(signer, flags);
  EXPECT_EQ(result.exit_code, 0) << result.error;
}

TEST(SignCommandTest, PrintsNoProofThatDoesNotVerify) {
  using Spoil = void (*)(int call, v1::SignProofResponse& response);
  const Spoil spoils[] = {
      [](int, v1::SignProofResponse& response) {
        response.set_proof("no.proof.");
      },
      [](int, v1::SignProofResponse& response) {
        char& byte =
            (*response.mutable_proof())[response.proof().rfind('.') + 10];
        byte = byte == 'A' ? 'B' : 'A';
      },
      [](int, v1::SignProofResponse& response) {
        response.set_jkt("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
      },
      [](int, v1::SignProofResponse& response) {
        response.set_iat(response.iat() + 1);
      }};
  for (const Spoil& spoil : spoils) {
    FakeSigner signer({.spoil = spoil});
    const Result result = Sign(signer, {"--count=2"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.output, "");
    EXPECT_EQ(result.error, "error: the server's proof does not verify\n");
    EXPECT_EQ(signer.calls(), 1);
  }
}

TEST(SignCommandTest, StopsAtTheFirstCallThatFails) {
  FakeSigner signer({.before = [](int call) {
    return call < 2 ? grpc::Status::OK
                    : ErrorStatus(grpc::StatusCode::UNAVAILABLE, "OVERLOADED",
                                  absl::Milliseconds(250));
  }});
  const Result result = Sign(signer, {"--count=9"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(Lines(result.output), SizeIs(1));
  EXPECT_EQ(result.error,
            "error: UNAVAILABLE OVERLOADED\n  \n  retry: after 250 ms\n");
  EXPECT_EQ(signer.calls(), 2);
}

TEST(SignCommandTest, PrintsWhatABatchHasBesideAFailedItem) {
  FakeSigner signer(
      {.spoil_batch = [](int, v1::BatchSignProofsResponse& response) {
        *response.mutable_results(1)->mutable_error() =
            service::ToRpcStatus(service::InvalidFieldError(
                "INVALID_NONCE", "requests[1].nonce", "too long"));
      }});
  const Result result = Sign(signer, {"--count=6", "--batch=3"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(Lines(result.output), SizeIs(2));
  EXPECT_EQ(result.error,
            "error: item 1: INVALID_ARGUMENT INVALID_NONCE\n"
            "  requests[1].nonce: too long\n"
            "  field: requests[1].nonce\n");
  EXPECT_EQ(signer.calls(), 1);
}

}  // namespace
}  // namespace proofmint::tools
