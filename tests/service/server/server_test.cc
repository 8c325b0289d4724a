#include "signer/service/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::Serves;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// SlowClock blocks calls once it is armed, so that they are in flight for as
// long as a test needs.
class SlowClock {
 public:
  base::Clock clock() {
    return [this] {
      if (!armed_) return TestTime();
      if (!asked_.HasBeenNotified()) asked_.Notify();
      release_.WaitForNotificationWithTimeout(kRpcLimit);
      return TestTime();
    };
  }
  void Arm() { armed_ = true; }
  bool WaitUntilAsked() {
    return asked_.WaitForNotificationWithTimeout(kRpcLimit);
  }
  void Release() { release_.Notify(); }

 private:
  std::atomic<bool> armed_ = false;
  absl::Notification asked_;
  absl::Notification release_;
};

absl::StatusOr<std::unique_ptr<Server>> Start(
    FakeEntropy& entropy, std::vector<ListenAddress> listen) {
  ServerOptions options;
  options.listen = std::move(listen);
  options.allow_insecure_loopback = true;
  options.key_pool_capacity = 0;  // so that no entropy is drawn unasked
  return Server::Start(options, entropy, TestTime);
}

TEST(ServerTest, TellsWhereItListens) {
  TestServer server;
  EXPECT_EQ(server.server().addresses()[0], server.unix_target());
  EXPECT_THAT(server.tcp_target(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_TRUE(Serves(server.unix_target()));
  EXPECT_TRUE(Serves(server.tcp_target()));
}

TEST(ServerTest, WantsAnAddress) {
  FakeEntropy entropy;
  EXPECT_THAT(Start(entropy, {}), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("listen")));
}

TEST(ServerTest, ServesOnSeveralSocketsOfEachKind) {
  TempDir directory;
  FakeEntropy entropy;
  auto server = Start(
      entropy, {LoopbackTcp("127.0.0.1:0"), UnixAddress{directory / "a"},
                LoopbackTcp("127.0.0.2:0"), UnixAddress{directory / "b"}});
  ASSERT_THAT(server, IsOk());
  ASSERT_EQ((*server)->addresses().size(), 4u);
  for (const std::string& address : (*server)->addresses()) {
    EXPECT_TRUE(Serves(address)) << address;
  }
}

TEST(ServerTest, TwoServersInOneProcessDoNotDisturbEachOther) {
  TestServer first;
  auto second = std::make_unique<TestServer>();
  EXPECT_TRUE(Serves(second->unix_target()));
  second.reset();
  EXPECT_TRUE(Serves(first.unix_target()));
  EXPECT_TRUE(Serves(first.tcp_target()));
}

TEST(ServerTest, StopLetsCallsInFlightEnd) {
  SlowClock slow;
  TestServer server(slow.clock());
  slow.Arm();
  auto stub = server.NewStub();
  std::future<grpc::Status> call = std::async(std::launch::async, [&] {
    v1::SignProofResponse response;
    return stub->SignProof(NewContext().get(), ValidRequest(), &response);
  });
  ASSERT_TRUE(slow.WaitUntilAsked());
  std::future<void> stop =
      std::async(std::launch::async, [&] { server.server().Stop(kRpcLimit); });
  // The socket is removed first, so that no new connection is accepted.
  absl::Time deadline = absl::Now() + kRpcLimit;
  while (std::filesystem::exists(server.unix_path()) &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_FALSE(std::filesystem::exists(server.unix_path()));
  EXPECT_EQ(stop.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  slow.Release();
  EXPECT_TRUE(call.get().ok());
  stop.get();
  EXPECT_FALSE(ConnectUnix(server.unix_path()).valid());
}

TEST(ServerTest, StopCancelsCallsThatOutliveTheGrace) {
  SlowClock slow;
  TestServer server(slow.clock());
  slow.Arm();
  auto stub = server.NewStub();
  std::future<grpc::Status> call = std::async(std::launch::async, [&] {
    v1::SignProofResponse response;
    return stub->SignProof(NewContext().get(), ValidRequest(), &response);
  });
  ASSERT_TRUE(slow.WaitUntilAsked());
  std::future<void> stop = std::async(std::launch::async, [&] {
    server.server().Stop(absl::Milliseconds(20));
  });
  // The caller has its answer while the handler is still blocked.
  EXPECT_FALSE(call.get().ok());
  slow.Release();
  stop.get();
}

TEST(ServerTest, StopDoesNotWaitForClientsWithoutCalls) {
  TestServer server;
  auto stub = server.NewStub();
  v1::GetCapabilitiesResponse response;
  ASSERT_TRUE(stub->GetCapabilities(NewContext().get(), {}, &response).ok());
  absl::Time start = absl::Now();
  server.server().Stop(kRpcLimit);
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
}

TEST(ServerTest, StopWaitsNoLongerThanTheGraceForClientsThatSayNothing) {
  TestServer server;
  auto silent = ConnectUnix(server.unix_path());
  ASSERT_TRUE(silent.valid());
  ASSERT_TRUE(Serves(server.unix_target()));  // `silent` has been accepted.
  absl::Time start = absl::Now();
  server.server().Stop(absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
}

TEST(ServerTest, StopsAtOnceUnderLoad) {
  for (int round = 0; round < 40; ++round) {
    auto server = std::make_unique<TestServer>();
    std::atomic<bool> stopped = false;
    absl::BlockingCounter begun(4);
    std::vector<std::future<void>> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::async(std::launch::async, [&] {
        auto stub = server->NewStub();
        v1::BatchSignProofsRequest batch;
        for (int k = 0; k < 4; ++k) *batch.add_requests() = ValidRequest();
        struct Call {
          std::unique_ptr<grpc::ClientContext> context = NewContext();
          grpc::Status status;
          v1::SignProofResponse response;
          v1::BatchSignProofsResponse batch_response;
          std::unique_ptr<
              grpc::ClientAsyncResponseReader<v1::SignProofResponse>>
              reader;
          std::unique_ptr<
              grpc::ClientAsyncResponseReader<v1::BatchSignProofsResponse>>
              batch_reader;
        };
        grpc::CompletionQueue answers;
        int pending = 0;
        auto send = [&] {
          auto* call = new Call;
          if (pending % 4 == 3) {
            call->batch_reader = stub->AsyncBatchSignProofs(call->context.get(),
                                                            batch, &answers);
            call->batch_reader->Finish(&call->batch_response, &call->status,
                                       call);
          } else {
            call->reader = stub->AsyncSignProof(call->context.get(),
                                                ValidRequest(), &answers);
            call->reader->Finish(&call->response, &call->status, call);
          }
          ++pending;
        };
        for (int k = 0; k < 32; ++k) send();
        bool first = true;
        while (pending > 0) {
          void* tag;
          bool ok;
          if (!answers.Next(&tag, &ok)) break;
          std::unique_ptr<Call> call(static_cast<Call*>(tag));
          --pending;
          if (first) begun.DecrementCount();
          first = false;
          if (!stopped && call->status.ok()) send();
        }
      }));
    }
    begun.Wait();
    if (round % 2 == 0) {
      server->server().Stop(absl::ZeroDuration());
    } else {
      server->server().Stop(absl::Milliseconds(round % 7));
    }
    stopped = true;
    for (auto& client : clients) client.get();
  }
}

TEST(ServerTest, StopMayBeCalledAgain) {
  TestServer server;
  server.server().Stop(absl::Seconds(1));
  server.server().Stop(absl::Seconds(1));
  EXPECT_FALSE(std::filesystem::exists(server.unix_path()));
}

TEST(ServerTest, LeavesAPortInUseToItsServer) {
  TestServer first;
  FakeEntropy entropy;
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(Start(entropy, {LoopbackTcp(first.tcp_target())}),
                StatusIs(absl::StatusCode::kAlreadyExists,
                         AllOf(HasSubstr(first.tcp_target()),
                               HasSubstr("want a free port"))));
  }
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Serves(first.tcp_target()));
}

TEST(ServerTest, LeavesALiveUnixSocketToItsServer) {
  TestServer first;
  FakeEntropy entropy;
  EXPECT_THAT(
      Start(entropy,
            {LoopbackTcp("127.0.0.1:0"), UnixAddress{first.unix_path()}}),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(first.unix_path())));
  EXPECT_TRUE(Serves(first.unix_target()));
}

TEST(ServerTest, GivesBackItsSocketIfAnotherAddressFails) {
  TempDir directory;
  TestServer other;
  FakeEntropy entropy;
  const std::string path = directory / "s.sock";
  EXPECT_FALSE(
      Start(entropy, {UnixAddress{path}, LoopbackTcp(other.tcp_target())})
          .ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(
      Start(entropy, {UnixAddress{path}, UnixAddress{other.unix_path()}}).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  auto server = Start(entropy, {UnixAddress{path}});
  ASSERT_THAT(server, IsOk());
  EXPECT_TRUE(Serves("unix:" + path));
}

TEST(ServerTest, RefusesTheSamePathTwice) {
  TempDir directory;
  FakeEntropy entropy;
  const std::string path = directory / "s.sock";
  EXPECT_THAT(Start(entropy, {UnixAddress{path}, UnixAddress{path}}),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path)));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ServerTest, StartsAgainWhereItStopped) {
  TempDir directory;
  FakeEntropy entropy;
  const std::string path = directory / "s.sock";
  for (int round = 0; round < 3; ++round) {
    auto server = Start(entropy, {UnixAddress{path}});
    ASSERT_THAT(server, IsOk());
    EXPECT_TRUE(Serves("unix:" + path));
  }
}

}  // namespace
}  // namespace proofmint::service
