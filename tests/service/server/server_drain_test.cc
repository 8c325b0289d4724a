// Tests how a server becomes ready, drains and stops.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "signer/service/server/server.h"
#include "tests/service/testing/metered_server.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/scrape.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::grpc::health::v1::HealthCheckResponse;
using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::IsRetryableErrorWithin;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::Serves;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;
using ::testing::HasSubstr;

HealthCheckResponse::ServingStatus HealthOf(const std::string& target,
                                            const std::string& service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  grpc::health::v1::Health::NewStub(NewChannel(target))
      ->Check(NewContext().get(), request, &response);
  return response.status();
}

google::rpc::Status ErrorOf(const std::string& target) {
  v1::SignProofResponse response;
  return DetailsOf(
      v1::ProofSigner::NewStub(NewChannel(target))
          ->SignProof(NewContext().get(), ValidRequest(), &response));
}

TEST(ServerStartTest, IsReadyWithTheFirstCall) {
  TestServer server;
  EXPECT_TRUE(server.server().serving());
  for (const char* service : {"", "proofmint.v1.ProofSigner", "liveness"}) {
    EXPECT_EQ(HealthOf(server.unix_target(), service),
              HealthCheckResponse::SERVING)
        << service;
  }
}

ServerOptions OptionsFor(const TempDir& directory) {
  ServerOptions options;
  options.listen = {UnixAddress{directory / "s"}};
  options.key_pool_capacity = 0;
  return options;
}

// Without entropy the server answers, but never with a proof; once there is
// entropy, it makes proofs.
TEST(ServerStartTest, IsNotReadyUntilItHasMadeAProof) {
  TempDir directory;
  FakeEntropy entropy;
  entropy.FailAfter(/*successes=*/1, /*failures=*/5);  // the KEK, and no more
  auto server = Server::Start(OptionsFor(directory), entropy, TestTime);
  ASSERT_THAT(server, IsOk());
  EXPECT_FALSE((*server)->serving());
  const std::string target = "unix:" + (directory / "s");
  EXPECT_EQ(HealthOf(target, ""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf(target, "proofmint.v1.ProofSigner"),
            HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf(target, "liveness"), HealthCheckResponse::SERVING);
  EXPECT_THAT(ErrorOf(target), IsRetryableErrorWithin("NOT_READY", 500, 500));
  // The next self-check is a second away.
  const absl::Time deadline = absl::Now() + kRpcLimit;
  while (!Serves(target) && absl::Now() < deadline) {
  }
  EXPECT_TRUE(Serves(target));
  EXPECT_EQ(HealthOf(target, ""), HealthCheckResponse::SERVING);
}

// One failed self-check changes nothing; three in a row make the server not
// ready, until one passes.
TEST(ServerStartTest, IsNotReadyAnyMoreAfterThreeChecksThatFail) {
  TempDir directory;
  FakeEntropy entropy;
  ServerOptions options = OptionsFor(directory);
  options.self_check_interval = absl::ZeroDuration();  // every second
  auto server = Server::Start(options, entropy, TestTime);
  ASSERT_THAT(server, IsOk());
  const absl::Time start = absl::Now();
  entropy.FailAfter(/*successes=*/0, /*failures=*/1 << 30);
  while ((*server)->serving() && absl::Now() < start + kRpcLimit) {
  }
  EXPECT_FALSE((*server)->serving());
  // The first check was within the first second, the third two later.
  EXPECT_GE(absl::Now() - start, absl::Seconds(2));
  entropy.FailAfter(0, 0);
  while (!(*server)->serving() && absl::Now() < start + 2 * kRpcLimit) {
  }
  EXPECT_TRUE((*server)->serving());
}

TEST(ServerStartTest, RefusesOptionsThatCannotBeRight) {
  TempDir directory;
  FakeEntropy entropy;
  ServerOptions options = OptionsFor(directory);
  options.admission.max_in_flight = 255;
  EXPECT_THAT(Server::Start(options, entropy, TestTime),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_in_flight: got 255, want")));
  options = OptionsFor(directory);
  options.admission.caller_rate = 1;
  options.admission.caller_burst = 255;
  EXPECT_THAT(Server::Start(options, entropy, TestTime),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("caller_burst: got 255, want")));
  options = OptionsFor(directory);
  options.audit_log = "/no/such/folder/log";
  EXPECT_THAT(Server::Start(options, entropy, TestTime),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("audit_log: ")));
  options = OptionsFor(directory);
  options.key_handles.kek_file = "/no/such/file";
  EXPECT_FALSE(Server::Start(options, entropy, TestTime).ok());
}

TEST(ServerDrainTest, AnswersWithDrainingUntilItsTimeIsOver) {
  TestServer server;
  std::future<void> drain = std::async(std::launch::async, [&] {
    server.server().Drain(absl::Milliseconds(1500), kRpcLimit);
  });
  const absl::Time deadline = absl::Now() + kRpcLimit;
  while (server.server().serving() && absl::Now() < deadline) {
  }
  EXPECT_THAT(ErrorOf(server.unix_target()),
              IsRetryableErrorWithin("DRAINING", 50, 500));
  EXPECT_EQ(HealthOf(server.unix_target(), ""),
            HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf(server.unix_target(), "liveness"),
            HealthCheckResponse::SERVING);
  EXPECT_EQ(drain.wait_for(std::chrono::seconds(0)),
            std::future_status::timeout);
  drain.get();
  server.server().Stop(kRpcLimit);
}

// A call that was admitted before the drain is answered, however short the
// lame-duck time.
TEST(ServerDrainTest, WaitsForCallsInFlight) {
  ServerOptions options;
  options.faults.delay = absl::Milliseconds(400);
  TestServer server(TestTime, options);
  auto stub = server.NewStub();
  auto context = NewContext();
  grpc::CompletionQueue answers;
  v1::SignProofResponse response;
  grpc::Status status;
  auto reader = stub->AsyncSignProof(context.get(), ValidRequest(), &answers);
  reader->Finish(&response, &status, &status);
  void* tag;
  bool ok;
  ASSERT_TRUE(answers.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  server.server().Drain(absl::ZeroDuration(), kRpcLimit);
  EXPECT_THAT(ErrorOf(server.unix_target()),
              IsRetryableErrorWithin("DRAINING", 50, 500));
}

}  // namespace
}  // namespace proofmint::service
