#include "signer/tools/server_commands.h"

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "tests/tools/run_command.h"

namespace proofmint::tools {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunCommand;

// Answers Check with "serving", "draining" and "lost" as the names say.
class FakeHealth final : public grpc::health::v1::Health::Service {
 public:
  grpc::Status Check(grpc::ServerContext*, const HealthCheckRequest* request,
                     HealthCheckResponse* response) override {
    if (request->service() == "lost") {
      return {grpc::StatusCode::NOT_FOUND, "service: unknown"};
    }
    response->set_status(request->service() == "serving"
                             ? HealthCheckResponse::SERVING
                             : HealthCheckResponse::NOT_SERVING);
    return grpc::Status::OK;
  }
};

// Reports two algorithms and an offset that is not the server's.
class FakeCapabilities final : public v1::ProofSigner::Service {
 public:
  grpc::Status GetCapabilities(grpc::ServerContext*,
                               const v1::GetCapabilitiesRequest*,
                               v1::GetCapabilitiesResponse* response) override {
    response->set_version(version);
    response->set_kernel("avx2");
    response->add_dpop_signing_alg_values("ES256");
    response->add_dpop_signing_alg_values("Ed25519");
    response->set_max_batch_size(7);
    response->mutable_max_iat_offset()->set_seconds(60);
    return grpc::Status::OK;
  }

  std::string version = "1.2.3";
};

// RunningServer serves one service on a free port of 127.0.0.1.
class RunningServer {
 public:
  explicit RunningServer(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
  }
  ~RunningServer() {
    server_->Shutdown(std::chrono::system_clock::time_point());
  }

  Result Run(std::vector<std::string> words) const {
    words.push_back(absl::StrCat("--target=127.0.0.1:", port_));
    return RunCommand(AddServerCommands, words);
  }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(CapabilitiesCommandTest, PrintsWhatTheServerReports) {
  FakeCapabilities capabilities;
  const Result result = RunningServer(capabilities).Run({"capabilities"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.output,
            "version         1.2.3\n"
            "kernel          avx2\n"
            "algorithms      ES256 Ed25519\n"
            "max batch size  7\n"
            "max iat offset  60 s\n");
}

TEST(CapabilitiesCommandTest, EscapesWhatCommandsATerminal) {
  FakeCapabilities capabilities;
  capabilities.version = "1\u009b2J\u202e\x7f";
  EXPECT_THAT(RunningServer(capabilities).Run({"capabilities"}).output,
              ::testing::HasSubstr("1\\xc2\\x9b2J\\xe2\\x80\\xae\\x7f\n"));
}

TEST(CapabilitiesCommandTest, FailsIfTheServerIsAnother) {
  FakeHealth health;
  const Result result = RunningServer(health).Run({"capabilities"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.error, "error: UNIMPLEMENTED\n  \n");
}

TEST(HealthCommandTest, SucceedsOnlyIfTheServiceIsServing) {
  FakeHealth health;
  RunningServer server(health);
  const Result up = server.Run({"health", "--service=serving"});
  EXPECT_EQ(up.exit_code, 0);
  EXPECT_EQ(up.output, "SERVING\n");
  const Result draining = server.Run({"health", "--service=draining"});
  EXPECT_EQ(draining.exit_code, 1);
  EXPECT_EQ(draining.output, "NOT_SERVING\n");
  EXPECT_EQ(draining.error, "");
}

TEST(HealthCommandTest, AsksForTheWholeServerByDefault) {
  FakeHealth health;
  EXPECT_EQ(RunningServer(health).Run({"health"}).output, "NOT_SERVING\n");
}

TEST(HealthCommandTest, PrintsAnErrorOfTheServer) {
  FakeHealth health;
  const Result result = RunningServer(health).Run({"health", "--service=lost"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.error, "error: NOT_FOUND\n  service: unknown\n");
}

}  // namespace
}  // namespace proofmint::tools
