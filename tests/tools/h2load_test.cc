// Loads the daemon with h2load, a load generator for HTTP/2 without gRPC, so
// that measurements do not depend only on our own clients.

#include <gmock/gmock.h>
#include <google/protobuf/message_lite.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <regex>
#include <string>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "tests/testing/scrape.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::kProcessLimit;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::Scrape;
using ::proofmint::testing::TempDir;
using ::testing::HasSubstr;

constexpr int kBatchSize = 64;

v1::SignProofRequest NewRequest(v1::Algorithm algorithm) {
  v1::SignProofRequest request;
  request.set_algorithm(algorithm);
  request.set_htm("POST");
  request.set_htu("https://idp.example/token");
  request.set_nonce("a-nonce");
  return request;
}

v1::BatchSignProofsRequest NewBatch(v1::Algorithm algorithm) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < kBatchSize; ++i) {
    *batch.add_requests() = NewRequest(algorithm);
  }
  return batch;
}

// Encodes a gRPC message: whether it is compressed, its size, its bytes.
std::string Frame(const google::protobuf::MessageLite& message) {
  std::string bytes = message.SerializeAsString();
  std::string frame(1, '\0');
  for (int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(bytes.size() >> shift));
  }
  return frame + bytes;
}

// Holds h2load's summary of a run.
struct Report {
  int succeeded = -1;
  int failed = -1;          // with an HTTP status, not a gRPC status
  int64_t data_bytes = -1;  // bodies of the responses; errors have none
};

// Sends `frame` to `method` at `target` `requests` times, over 3 connections
// with up to 8 calls each.
Report RunH2load(const std::string& target, const std::string& method,
                 const std::string& frame, int requests) {
  TempDir directory;
  std::ofstream(directory / "frame", std::ios::binary) << frame;
  const bool is_unix = target.rfind("unix:", 0) == 0;
  Result result = RunProgram(
      {H2LOAD, absl::StrCat("--requests=", requests), "--clients=3",
       "--max-concurrent-streams=8", "--data=" + (directory / "frame"),
       "--header=content-type: application/grpc", "--header=te: trailers",
       "--base-uri=" + (is_unix ? target : "http://" + target),
       "http://localhost/proofmint.v1.ProofSigner/" + method});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  Report report;
  std::smatch found;
  if (std::regex_search(result.output, found,
                        std::regex("(\\d+) succeeded, (\\d+) failed, 0 errored,"
                                   " 0 timeout"))) {
    std::ignore = absl::SimpleAtoi(found[1].str(), &report.succeeded);
    std::ignore = absl::SimpleAtoi(found[2].str(), &report.failed);
  }
  if (std::regex_search(result.output, found,
                        std::regex("traffic:.*\\((\\d+)\\) data"))) {
    std::ignore = absl::SimpleAtoi(found[1].str(), &report.data_bytes);
  }
  return report;
}

class H2loadTest
    : public ::testing::TestWithParam<std::tuple<v1::Algorithm, bool>> {
 protected:
  v1::Algorithm algorithm() const { return std::get<0>(GetParam()); }
  std::string target() const {
    return std::get<1>(GetParam()) ? daemon_.target() : daemon_.tcp_target();
  }
  double Proofs() const {
    return ParseSamples(
        Scrape(daemon_.metrics_address()))["proofmint_proofs_total"];
  }
  std::unique_ptr<v1::ProofSigner::Stub> NewStub() const {
    return v1::ProofSigner::NewStub(grpc::CreateChannel(
        daemon_.target(), grpc::InsecureChannelCredentials()));
  }
  void SetLimit(grpc::ClientContext& context) const {
    context.set_deadline(absl::ToChronoTime(absl::Now() + kProcessLimit));
  }

  // h2load may have more proofs in flight than a daemon admits by default.
  Daemon daemon_{{"--metrics_listen=127.0.0.1:0", "--max_in_flight=65536"}};
};

TEST_P(H2loadTest, EveryCallIsAnsweredWithAProof) {
  constexpr int kCalls = 1500;
  v1::SignProofResponse response;
  grpc::ClientContext context;
  SetLimit(context);
  ASSERT_TRUE(
      NewStub()->SignProof(&context, NewRequest(algorithm()), &response).ok());
  const double proofs_before = Proofs();
  Report report =
      RunH2load(target(), "SignProof", Frame(NewRequest(algorithm())), kCalls);
  EXPECT_EQ(report.succeeded, kCalls);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.data_bytes, int64_t(Frame(response).size()) * kCalls);
  EXPECT_EQ(Proofs() - proofs_before, kCalls);
}

TEST_P(H2loadTest, EveryBatchIsAnsweredWithProofs) {
  constexpr int kCalls = 60;
  v1::BatchSignProofsResponse response;
  grpc::ClientContext context;
  SetLimit(context);
  ASSERT_TRUE(NewStub()
                  ->BatchSignProofs(&context, NewBatch(algorithm()), &response)
                  .ok());
  for (const v1::SignProofResult& result : response.results()) {
    ASSERT_TRUE(result.has_proof());
  }
  const double proofs_before = Proofs();
  Report report = RunH2load(target(), "BatchSignProofs",
                            Frame(NewBatch(algorithm())), kCalls);
  EXPECT_EQ(report.succeeded, kCalls);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.data_bytes, int64_t(Frame(response).size()) * kCalls);
  EXPECT_EQ(Proofs() - proofs_before, kCalls * kBatchSize);
}

// The tests above count bytes because errors have none.
TEST_P(H2loadTest, ErrorsHaveNoData) {
  v1::SignProofRequest request = NewRequest(algorithm());
  request.set_htu("not a URI");
  Report report = RunH2load(target(), "SignProof", Frame(request), 50);
  EXPECT_EQ(report.succeeded, 50);
  EXPECT_EQ(report.data_bytes, 0);
  EXPECT_EQ(Proofs(), 0);
}

// Tests the script for operators.
TEST_P(H2loadTest, TheScriptTellsTheRate) {
  const std::string name =
      algorithm() == v1::ALGORITHM_ES256 ? "ES256" : "ED25519";
  Result unary = RunProgram({H2LOAD_SCRIPT, target(), name, "1", "200"});
  EXPECT_EQ(unary.exit_code, 0) << unary.error;
  EXPECT_THAT(unary.output, HasSubstr(" 200 succeeded"));
  EXPECT_THAT(unary.output, HasSubstr("proofs/s"));
  EXPECT_EQ(Proofs(), 200);
  Result batch = RunProgram({H2LOAD_SCRIPT, target(), name, "64", "20"});
  EXPECT_EQ(batch.exit_code, 0) << batch.error;
  EXPECT_EQ(Proofs(), 200 + 20 * 64);
  Result refused = RunProgram({H2LOAD_SCRIPT, target(), name, "257", "20"});
  EXPECT_EQ(refused.exit_code, 1) << refused.output;
  EXPECT_THAT(refused.error, HasSubstr("without proofs"));
}

INSTANTIATE_TEST_SUITE_P(
    AlgorithmsAndTransports, H2loadTest,
    ::testing::Combine(::testing::Values(v1::ALGORITHM_ES256,
                                         v1::ALGORITHM_ED25519),
                       ::testing::Bool()),
    [](const auto& test) {
      return absl::StrCat(
          std::get<0>(test.param) == v1::ALGORITHM_ES256 ? "Es256" : "Ed25519",
          std::get<1>(test.param) ? "Unix" : "Tcp");
    });

}  // namespace
}  // namespace proofmint::tools
