// Tests that a loop stops however many events its thread must take first.

#include <gmock/gmock.h>
#include <grpcpp/alarm.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <list>
#include <memory>

#include "absl/synchronization/notification.h"
#include "signer/service/rpc/call_loop.h"
#include "signer/service/rpc/proof_signer_service.h"
#include "tests/service/testing/service_parts.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;

// Event is an event that the test triggers. With `hold` it blocks the thread
// until `go_on_`.
class Event final : public QueueEvent {
 public:
  explicit Event(bool hold) : hold_(hold) {}
  void Set(CallQueue& queue) {
    alarm_.Set(queue.events.get(), gpr_now(GPR_CLOCK_MONOTONIC), tag());
  }
  void OnEvent(bool) override {
    if (!hold_) return;
    held_.Notify();
    go_on_.WaitForNotification();
  }
  absl::Notification held_;
  absl::Notification go_on_;

 private:
  const bool hold_;
  grpc::Alarm alarm_;
};

class CallLoopStopEventsTest : public ::testing::TestWithParam<int> {};

TEST_P(CallLoopStopEventsTest, StopsWhateverTheNumberOfEvents) {
  testing::FakeEntropy entropy;
  auto key_pool = keys::KeyPool::New({.capacity = 0}, entropy).value();
  testing::TestKeyHandles handles;
  ProofMinter minter(crypto::Kernel::kBoringSsl, *key_pool, *handles, entropy,
                     [] { return absl::UnixEpoch(); });
  testing::OpenGate gate;
  ProofSignerService service(crypto::Kernel::kBoringSsl, *gate);
  Event hold(true);
  CallQueue* held_queue = nullptr;
  CallLoop loop(minter, 1, [&](CallQueue& queue) {
    held_queue = &queue;
    hold.Set(queue);
  });
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  loop.AddQueues(builder);
  auto server = builder.BuildAndStart();
  ASSERT_THAT(loop.Start(), IsOk());
  hold.held_.WaitForNotification();
  std::list<Event> events;
  for (int i = 0; i < GetParam(); ++i)
    events.emplace_back(false).Set(*held_queue);
  server->Shutdown();
  auto stop = std::async(std::launch::async, [&] { loop.Stop(); });
  EXPECT_EQ(stop.wait_for(std::chrono::milliseconds(300)),
            std::future_status::timeout);  // and the stop event is queued
  hold.go_on_.Notify();
  bool stopped =
      stop.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
  EXPECT_TRUE(stopped) << "Stop hangs with " << GetParam() << " events";
  if (!stopped) {  // Wakes it: one event more.
    Event wake(false);
    wake.Set(*held_queue);
    stop.get();
  }
}
INSTANTIATE_TEST_SUITE_P(Events, CallLoopStopEventsTest,
                         ::testing::Values(0, 100, 254, 255, 256, 300));

}  // namespace
}  // namespace proofmint::service
