#include "signer/service/rpc/health_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/service/testing/generic_call.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::proofmint::testing::CallWithBytes;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestServer;

HealthCheckRequest RequestFor(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

// Watch is a call of the health service's Watch.
class Watch {
 public:
  Watch(Health::Stub& stub, const std::string& service)
      : reader_(stub.Watch(context_.get(), RequestFor(service))) {}

  // Returns the next status, or -1 at the end.
  int Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : -1;
  }

  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_->TryCancel(); }

 private:
  std::unique_ptr<grpc::ClientContext> context_ = NewContext();
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class HealthServiceTest : public ::testing::Test {
 protected:
  TestServer server_;
  std::unique_ptr<Health::Stub> stub_ =
      Health::NewStub(NewChannel(server_.unix_target()));
};

TEST_F(HealthServiceTest, ChecksTheServerAsAWholeAndByName) {
  for (const char* name : {"", "proofmint.v1.ProofSigner"}) {
    HealthCheckResponse response;
    ASSERT_TRUE(
        stub_->Check(NewContext().get(), RequestFor(name), &response).ok());
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING) << name;
  }
  HealthCheckResponse response;
  EXPECT_EQ(stub_
                ->Check(NewContext().get(), RequestFor("proofmint.v1.Unknown"),
                        &response)
                .error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CallWithBytes(server_.unix_target(), "/grpc.health.v1.Health/Check",
                          "\xff")
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HealthServiceTest, WatchesFromTheStartToTheEndOfTheServer) {
  std::vector<std::unique_ptr<Watch>> watches;
  for (const char* name : {"", "proofmint.v1.ProofSigner"}) {
    watches.push_back(std::make_unique<Watch>(*stub_, name));
    EXPECT_EQ(watches.back()->Next(), HealthCheckResponse::SERVING) << name;
  }
  Watch unknown(*stub_, "proofmint.v1.Unknown");
  EXPECT_EQ(unknown.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  absl::Time start = absl::Now();
  server_.server().Stop(kRpcLimit);
  // The watches did not delay the stop.
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
  for (auto& watch : watches) {
    EXPECT_EQ(watch->Next(), HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(watch->Next(), -1);
    EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  EXPECT_EQ(unknown.Next(), -1);
}

TEST_F(HealthServiceTest, WatchersThatGoAwayAreForgotten) {
  for (int i = 0; i < 100; ++i) {
    Watch watch(*stub_, "");
    // Some are cancelled before they get a status.
    if (i % 3 != 0) {
      EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
    }
    watch.Cancel();
    while (watch.Next() != -1) {
    }
    EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  {
    auto stub = Health::NewStub(NewChannel(server_.tcp_target()));
    Watch abandoned(*stub, "");
    EXPECT_EQ(abandoned.Next(), HealthCheckResponse::SERVING);
    abandoned.Cancel();
  }
  server_.server().Stop(kRpcLimit);
}

TEST_F(HealthServiceTest, ManyWatchesEndWithAServerThatStopsAtOnce) {
  for (int round = 0; round < 10; ++round) {
    auto server = std::make_unique<TestServer>();
    std::vector<std::unique_ptr<Watch>> watches;
    for (int i = 0; i < 300; ++i) {
      if (i % 100 == 0)
        stub_ = Health::NewStub(NewChannel(server->unix_target()));
      watches.push_back(std::make_unique<Watch>(*stub_, ""));
      EXPECT_EQ(watches.back()->Next(), HealthCheckResponse::SERVING);
    }
    if (round % 2 == 0) {
      server.reset();
    } else {
      server->server().Stop(absl::ZeroDuration());
    }
    for (auto& watch : watches) {
      while (watch->Next() != -1) {
      }
      EXPECT_FALSE(watch->Finish().ok());
    }
  }
}

TEST_F(HealthServiceTest, ATurnOfEventsReachesEveryWatcher) {
  HealthService& health = server_.server().health();
  Watch watch(*stub_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  Watch late(*stub_, "new");
  EXPECT_EQ(late.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  for (int i = 0; i < 20; ++i) {
    health.SetServing("", false);
    EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
    health.SetServing("", true);
    EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  }
  health.SetServing("new", true);
  EXPECT_EQ(late.Next(), HealthCheckResponse::SERVING);
  health.Shutdown();
  health.SetServing("", true);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(late.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(watch.Next(), -1);
}

}  // namespace
}  // namespace proofmint::service
