// Tests what makes proofmint-empty-server a baseline for proofmintd.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "tests/testing/scrape.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::kProcessLimit;
using ::proofmint::testing::Process;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::Scrape;
using ::proofmint::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<v1::ProofSigner::Stub> NewStub(const std::string& target) {
  return v1::ProofSigner::NewStub(
      grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
}

template <typename Request, typename Response>
grpc::Status Call(v1::ProofSigner::Stub& stub,
                  grpc::Status (v1::ProofSigner::Stub::*method)(
                      grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kProcessLimit));
  return (stub.*method)(&context, request, &response);
}

// Returns requests whose responses have different sizes.
v1::BatchSignProofsRequest DifferentRequests() {
  v1::BatchSignProofsRequest batch;
  for (v1::Algorithm algorithm :
       {v1::ALGORITHM_UNSPECIFIED, v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519,
        v1::ALGORITHM_EDDSA}) {
    for (int features = 0; features < 16; ++features) {
      v1::SignProofRequest& request = *batch.add_requests();
      request.set_algorithm(algorithm);
      request.set_htm((features & 1) != 0 ? "GET" : "POST");
      request.set_htu("https://idp.example/" +
                      std::string((features & 2) != 0 ? 1000 : 1, 'p'));
      if ((features & 4) != 0) request.set_nonce("a-nonce");
      if ((features & 8) != 0) {
        request.set_access_token_sha256(std::string(32, 'h'));
      }
    }
  }
  return batch;
}

class EmptyServerTest : public ::testing::Test {
 protected:
  EmptyServerTest() { EXPECT_TRUE(process_.WaitForError("serving")); }

  TempDir directory_;
  const std::string target_ = "unix:" + (directory_ / "s");
  Process process_{
      {EMPTY_SERVER, "--listen=" + target_, "--metrics_listen=127.0.0.1:0"}};
};

TEST_F(EmptyServerTest, AnswersHaveTheSizesOfRealOnes) {
  Daemon daemon;
  auto real = NewStub(daemon.target());
  auto empty = NewStub(target_);
  const v1::BatchSignProofsRequest batch = DifferentRequests();
  for (const v1::SignProofRequest& request : batch.requests()) {
    v1::SignProofResponse want;
    v1::SignProofResponse got;
    ASSERT_TRUE(
        Call(*real, &v1::ProofSigner::Stub::SignProof, request, want).ok());
    ASSERT_TRUE(
        Call(*empty, &v1::ProofSigner::Stub::SignProof, request, got).ok());
    EXPECT_EQ(got.proof().size(), want.proof().size())
        << request.ShortDebugString();
    EXPECT_EQ(got.ByteSizeLong(), want.ByteSizeLong());
  }
  v1::BatchSignProofsResponse want;
  v1::BatchSignProofsResponse got;
  ASSERT_TRUE(
      Call(*real, &v1::ProofSigner::Stub::BatchSignProofs, batch, want).ok());
  ASSERT_TRUE(
      Call(*empty, &v1::ProofSigner::Stub::BatchSignProofs, batch, got).ok());
  EXPECT_EQ(got.results_size(), batch.requests_size());
  EXPECT_EQ(got.ByteSizeLong(), want.ByteSizeLong());
}

TEST_F(EmptyServerTest, SaysThatItMakesNothing) {
  v1::GetCapabilitiesResponse capabilities;
  ASSERT_TRUE(Call(*NewStub(target_), &v1::ProofSigner::Stub::GetCapabilities,
                   v1::GetCapabilitiesRequest(), capabilities)
                  .ok());
  EXPECT_EQ(capabilities.kernel(), "none");
}

TEST_F(EmptyServerTest, HasTheMetricsOfTheProcess) {
  std::string address;
  for (absl::string_view line :
       absl::StrSplit(process_.Error(), '\n', absl::SkipEmpty())) {
    auto json = nlohmann::json::parse(line.begin(), line.end());
    if (json.contains("metrics")) address = json["metrics"];
  }
  EXPECT_THAT(Scrape(address), AllOf(HasSubstr("process_cpu_seconds_total"),
                                     Not(HasSubstr("proofmint_"))));
}

TEST_F(EmptyServerTest, EndsOnSigterm) {
  process_.Signal(SIGTERM);
  EXPECT_EQ(process_.Wait(), 0);
}

TEST(EmptyServerFlagsTest, NamesTheAddressThatItCannotServe) {
  Result result = RunProgram({EMPTY_SERVER, "--listen=0.0.0.0:1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("0.0.0.0:1"));
}

}  // namespace
}  // namespace proofmint::load
