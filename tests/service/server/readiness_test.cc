#include "signer/service/server/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "signer/base/clock.h"
#include "signer/keys/key_pool.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/rpc/call_loop.h"
#include "signer/service/server/grpc_server.h"
#include "tests/service/testing/service_parts.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestKeyHandles;
using ::proofmint::testing::TestTime;

// ReadinessTest has a server of the health service alone.
class ReadinessTest : public ::testing::Test {
 protected:
  ~ReadinessTest() override { readiness_.health().Shutdown(); }

  // Asks the server for the health of `service`.
  bool IsHealthy(const std::string& service) const {
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    EXPECT_TRUE(grpc::health::v1::Health::NewStub(NewChannel(target_))
                    ->Check(NewContext().get(), request, &response)
                    .ok());
    return response.status() == HealthCheckResponse::SERVING;
  }

  // Expects calls and health checks to get the same answer.
  void ExpectReady(bool ready) const {
    EXPECT_EQ(readiness_.ready(), ready);
    EXPECT_EQ(readiness_.state().Check().ok(), ready);
    EXPECT_EQ(IsHealthy(""), ready);
    EXPECT_EQ(IsHealthy("proofmint.v1.ProofSigner"), ready);
    EXPECT_TRUE(IsHealthy("liveness"));
  }

  TempDir directory_;
  const std::string target_ = "unix:" + (directory_ / "s");
  FakeEntropy entropy_;
  const std::unique_ptr<keys::KeyPool> pool_ =
      keys::KeyPool::New({.capacity = 0}, entropy_).value();
  TestKeyHandles handles_;
  const ProofMinter minter_{
      crypto::DefaultKernel(), *pool_, *handles_, entropy_, TestTime, {}};
  Readiness readiness_;
  CallLoop loop_{
      minter_, 1,
      [this](CallQueue& queue) { readiness_.health().AwaitCalls(queue); },
      kRpcLimit};
  const std::unique_ptr<GrpcServer> server_ =
      GrpcServer::Start({.listen = {UnixAddress{directory_ / "s"}}},
                        {&readiness_.health()}, &loop_)
          .value();
};

TEST_F(ReadinessTest, BeginsAsNotReady) { ExpectReady(false); }

TEST_F(ReadinessTest, GoesToReadyAndBack) {
  for (bool ready : {true, false, true}) {
    readiness_.SetReady(ready);
    ExpectReady(ready);
  }
}

TEST_F(ReadinessTest, IsNotReadyOnceItDrains) {
  readiness_.SetReady(true);
  readiness_.Drain(base::MonotonicNow());
  ExpectReady(false);
  readiness_.SetReady(true);
  ExpectReady(false);
}

TEST_F(ReadinessTest, IsNotReadyOnceItIsBroken) {
  readiness_.SetReady(true);
  readiness_.Break();
  ExpectReady(false);
  readiness_.SetReady(true);
  ExpectReady(false);
}

}  // namespace
}  // namespace proofmint::service
