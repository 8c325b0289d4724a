// Tests that Server::Stop ends the calls in flight, in time.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "signer/service/server/server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::Serves;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

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

// CallInFlight is a server with a call of SignProof that is in flight until it
// is released.
class CallInFlight {
 public:
  CallInFlight() {
    clock_.Arm();
    call_ = std::async(std::launch::async, [this] {
      v1::SignProofResponse response;
      return server_.NewStub()->SignProof(NewContext().get(), ValidRequest(),
                                          &response);
    });
    EXPECT_TRUE(clock_.WaitUntilAsked());
  }

  TestServer& test_server() { return server_; }
  // Stops the server on a thread of its own.
  std::future<void> Stop(absl::Duration grace) {
    return std::async(std::launch::async,
                      [this, grace] { server_.server().Stop(grace); });
  }
  void Release() { clock_.Release(); }
  // Waits for the answer.
  grpc::Status Status() { return call_.get(); }

 private:
  SlowClock clock_;
  TestServer server_{clock_.clock()};
  std::future<grpc::Status> call_;
};

// Keeps 32 calls in flight, every fourth of them a batch, until `stopped` or
// one fails, and waits for all of them. Counts `begun` down at the first
// answer.
void CallUntilStopped(const TestServer& server, std::atomic<bool>& stopped,
                      absl::BlockingCounter& begun) {
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = NewContext();
    grpc::Status status;
    v1::SignProofResponse response;
    v1::BatchSignProofsResponse batch_response;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SignProofResponse>>
        reader;
    std::unique_ptr<
        grpc::ClientAsyncResponseReader<v1::BatchSignProofsResponse>>
        batch_reader;
  };
  auto stub = server.NewStub();
  v1::BatchSignProofsRequest batch;
  for (int k = 0; k < 4; ++k) *batch.add_requests() = ValidRequest();
  grpc::CompletionQueue answers;
  int pending = 0;
  auto send = [&] {
    auto* call = new Call;
    if (pending % 4 == 3) {
      call->batch_reader =
          stub->AsyncBatchSignProofs(call->context.get(), batch, &answers);
      call->batch_reader->Finish(&call->batch_response, &call->status, call);
    } else {
      call->reader =
          stub->AsyncSignProof(call->context.get(), ValidRequest(), &answers);
      call->reader->Finish(&call->response, &call->status, call);
    }
    ++pending;
  };
  for (int k = 0; k < 32; ++k) send();
  for (bool first = true; pending > 0; first = false) {
    void* tag;
    bool ok;
    if (!answers.Next(&tag, &ok)) break;
    std::unique_ptr<Call> call(static_cast<Call*>(tag));
    --pending;
    if (first) begun.DecrementCount();
    if (!stopped && call->status.ok()) send();
  }
}

TEST(ServerStopTest, LetsCallsInFlightEnd) {
  CallInFlight call;
  const std::string path = call.test_server().unix_path();
  std::future<void> stop = call.Stop(kRpcLimit);
  // The socket is removed first, so that no new connection is accepted.
  absl::Time deadline = absl::Now() + kRpcLimit;
  while (std::filesystem::exists(path) && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(stop.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  call.Release();
  EXPECT_TRUE(call.Status().ok());
  stop.get();
  EXPECT_FALSE(ConnectUnix(path).valid());
}

TEST(ServerStopTest, CancelsCallsThatOutliveTheGrace) {
  CallInFlight call;
  std::future<void> stop = call.Stop(absl::Milliseconds(20));
  // The caller has its answer while the handler is still blocked.
  EXPECT_FALSE(call.Status().ok());
  call.Release();
  stop.get();
}

TEST(ServerStopTest, DoesNotWaitForClientsWithoutCalls) {
  TestServer server;
  auto stub = server.NewStub();
  v1::GetCapabilitiesResponse response;
  ASSERT_TRUE(stub->GetCapabilities(NewContext().get(), {}, &response).ok());
  absl::Time start = absl::Now();
  server.server().Stop(kRpcLimit);
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
}

TEST(ServerStopTest, WaitsNoLongerThanTheGraceForClientsThatSayNothing) {
  TestServer server;
  auto silent = ConnectUnix(server.unix_path());
  ASSERT_TRUE(silent.valid());
  ASSERT_TRUE(Serves(server.unix_target()));  // `silent` has been accepted.
  absl::Time start = absl::Now();
  server.server().Stop(absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
}

TEST(ServerStopTest, EndsAtOnceUnderLoad) {
  for (int round = 0; round < 40; ++round) {
    TestServer server;
    std::atomic<bool> stopped = false;
    absl::BlockingCounter begun(4);
    std::vector<std::future<void>> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::async(std::launch::async, [&] {
        CallUntilStopped(server, stopped, begun);
      }));
    }
    begun.Wait();
    if (round % 2 == 0) {
      server.server().Stop(absl::ZeroDuration());
    } else {
      server.server().Stop(absl::Milliseconds(round % 7));
    }
    stopped = true;
    for (auto& client : clients) client.get();
  }
}

TEST(ServerStopTest, MayBeCalledAgain) {
  TestServer server;
  server.server().Stop(absl::Seconds(1));
  server.server().Stop(absl::Seconds(1));
  EXPECT_FALSE(std::filesystem::exists(server.unix_path()));
}

}  // namespace
}  // namespace proofmint::service
