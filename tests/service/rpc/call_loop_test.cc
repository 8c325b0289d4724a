#include "signer/service/rpc/call_loop.h"

#include <gmock/gmock.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/async_unary_call.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "signer/dpop/inspect.h"
#include "signer/service/rpc/proof_signer_service.h"
#include "tests/service/testing/service_parts.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/child_process.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::OpenGate;
using ::proofmint::testing::RefuseThreads;
using ::proofmint::testing::TestKeyHandles;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

// Pending is a call of which the test takes the answer later.
template <typename Request, typename Response>
struct Pending {
  std::unique_ptr<grpc::ClientContext> context = NewContext();
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};
using PendingProof = Pending<v1::SignProofRequest, v1::SignProofResponse>;
using PendingBatch =
    Pending<v1::BatchSignProofsRequest, v1::BatchSignProofsResponse>;

// HeldServer is a server with one call thread, which blocks when it first
// mints, until `go_on_`.
class HeldServer {
 public:
  HeldServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service_);
    loop_.AddQueues(builder);
    server_ = builder.BuildAndStart();
    EXPECT_THAT(loop_.Start(), IsOk());
    stub_ = v1::ProofSigner::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }

  ~HeldServer() {
    server_->Shutdown();
    loop_.Stop();
  }

  absl::Time Now() {
    if (!minting_.HasBeenNotified()) minting_.Notify();
    go_on_.WaitForNotificationWithTimeout(kRpcLimit);
    return TestTime();
  }

  void Start(PendingProof& call) {
    call.reader =
        stub_->AsyncSignProof(call.context.get(), ValidRequest(), &answers_);
    call.reader->Finish(&call.response, &call.status, &call);
  }

  void Start(PendingBatch& call, int size) {
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < size; ++i) *batch.add_requests() = ValidRequest();
    call.reader =
        stub_->AsyncBatchSignProofs(call.context.get(), batch, &answers_);
    call.reader->Finish(&call.response, &call.status, &call);
  }

  // Waits for `count` answers, at most until the deadlines of the calls.
  void WaitForAnswers(size_t count) {
    void* tag;
    bool ok;
    for (size_t i = 0; i < count; ++i) ASSERT_TRUE(answers_.Next(&tag, &ok));
  }

  FakeEntropy entropy_;
  absl::Notification minting_;
  absl::Notification go_on_;
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel(), .capacity = 0},
                         entropy_)
          .value();
  TestKeyHandles handles_;
  ProofMinter minter_{crypto::DefaultKernel(), *key_pool_, *handles_, entropy_,
                      [this] { return Now(); }};
  OpenGate gate_;
  ProofSignerService service_{crypto::DefaultKernel(), *gate_};
  CallLoop loop_{minter_, /*threads=*/1,
                 [this](CallQueue& queue) { service_.AwaitCalls(queue); }};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_;
  grpc::CompletionQueue answers_;
};

// Sends calls while the server is blocked, checks all answers, and returns how
// many draws of entropy they took.
int DrawsForCallsThatGather() {
  constexpr size_t kCalls = 33;
  HeldServer server;
  std::vector<PendingProof> calls(kCalls);
  PendingBatch batch;
  server.Start(calls[0]);
  EXPECT_TRUE(server.minting_.WaitForNotificationWithTimeout(kRpcLimit));
  for (size_t i = 1; i < kCalls; ++i) server.Start(calls[i]);
  server.Start(batch, 16);
  const int draws_before = server.entropy_.calls();
  server.go_on_.Notify();
  server.WaitForAnswers(kCalls + 1);

  std::set<std::string> keys;
  auto expect_proof = [&](const v1::SignProofResponse& response) {
    absl::StatusOr<dpop::InspectedProof> proof =
        dpop::InspectProof(response.proof());
    ASSERT_THAT(proof, IsOk());
    EXPECT_TRUE(proof->signature_valid);
    EXPECT_EQ(proof->jkt, response.jkt());
    EXPECT_TRUE(keys.insert(proof->jkt).second);
  };
  for (const PendingProof& call : calls) {
    EXPECT_TRUE(call.status.ok()) << call.status.error_message();
    expect_proof(call.response);
  }
  EXPECT_TRUE(batch.status.ok()) << batch.status.error_message();
  EXPECT_EQ(batch.response.results_size(), 16);
  for (const auto& result : batch.response.results()) {
    expect_proof(result.proof());
  }
  return server.entropy_.calls() - draws_before;
}

// A call that is minted alone takes three draws: for its key, its jti and its
// nonce. A batch takes as many. The test cannot control how many calls reach
// the server before it goes on, so it tries several times.
TEST(CallLoopTest, MintsTogetherWhatGathersWhileItIsBusy) {
  const int enough = crypto::DefaultKernel() == crypto::Kernel::kSimd ? 32 : 66;
  int fewest = INT_MAX;
  for (int i = 0; i < 50 && fewest >= enough; ++i) {
    fewest = std::min(fewest, DrawsForCallsThatGather());
  }
  EXPECT_LT(fewest, enough);
}

TEST(CallLoopTest, CallsThatEndInErrorsLeaveTheOthersAlone) {
  HeldServer server;
  server.go_on_.Notify();
  std::vector<PendingProof> calls(8);
  for (size_t i = 0; i < calls.size(); ++i) {
    v1::SignProofRequest request = ValidRequest();
    if (i % 2 == 1) request.set_htu("not a URL");
    calls[i].reader = server.stub_->AsyncSignProof(calls[i].context.get(),
                                                   request, &server.answers_);
    calls[i].reader->Finish(&calls[i].response, &calls[i].status, &calls[i]);
  }
  server.WaitForAnswers(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(
        calls[i].status.error_code(),
        i % 2 == 1 ? grpc::StatusCode::INVALID_ARGUMENT : grpc::StatusCode::OK);
  }
}

TEST(CallLoopTest, ACallerThatGoesAwayDoesNotDisturbOthers) {
  HeldServer server;
  std::vector<PendingProof> calls(3);
  for (PendingProof& call : calls) server.Start(call);
  ASSERT_TRUE(server.minting_.WaitForNotificationWithTimeout(kRpcLimit));
  calls[0].context->TryCancel();
  calls[2].context->TryCancel();
  server.go_on_.Notify();
  server.WaitForAnswers(calls.size());
  EXPECT_TRUE(calls[1].status.ok()) << calls[1].status.error_message();
  v1::SignProofResponse response;
  EXPECT_TRUE(
      server.stub_->SignProof(NewContext().get(), ValidRequest(), &response)
          .ok());
}

TEST(CallLoopStopTest, WaitsForACallThatOutlivesTheServer) {
  HeldServer server;
  PendingProof call;
  server.Start(call);
  ASSERT_TRUE(server.minting_.WaitForNotificationWithTimeout(kRpcLimit));
  std::future<void> stop = std::async(std::launch::async, [&] {
    server.server_->Shutdown(std::chrono::system_clock::now());
    server.loop_.Stop();
  });
  // The caller has its answer, while the call still exists on the server.
  server.WaitForAnswers(1);
  EXPECT_FALSE(call.status.ok());
  EXPECT_EQ(stop.wait_for(std::chrono::milliseconds(300)),
            std::future_status::timeout);
  server.go_on_.Notify();
  stop.get();
}

TEST(CallLoopTest, FailsToStartWhenTheSystemHasNoThreads) {
  FakeEntropy entropy;
  auto key_pool = keys::KeyPool::New({.capacity = 0}, entropy).value();
  TestKeyHandles handles;
  ProofMinter minter(crypto::Kernel::kBoringSsl, *key_pool, *handles, entropy,
                     TestTime);
  OpenGate gate;
  ProofSignerService service(crypto::Kernel::kBoringSsl, *gate);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  CallLoop loop(minter, /*threads=*/2,
                [&](CallQueue& queue) { service.AwaitCalls(queue); });
  loop.AddQueues(builder);
  auto server = builder.BuildAndStart();
  absl::Status started;
  // On another thread, because that one cannot start threads afterwards.
  std::async(std::launch::async, [&] {
    ASSERT_TRUE(RefuseThreads());
    started = loop.Start();
  }).get();
  EXPECT_EQ(started.code(), absl::StatusCode::kResourceExhausted);
  server->Shutdown();
  loop.Stop();  // ends the awaited calls of a queue that has no thread
}

TEST(CallLoopStopTest, StopsWithoutEverHavingStarted) {
  FakeEntropy entropy;
  auto key_pool = keys::KeyPool::New({.capacity = 0}, entropy).value();
  TestKeyHandles handles;
  ProofMinter minter(crypto::Kernel::kBoringSsl, *key_pool, *handles, entropy,
                     TestTime);
  grpc::ServerBuilder builder;
  CallLoop loop(minter, /*threads=*/2, [](CallQueue&) { FAIL(); });
  loop.AddQueues(builder);
  loop.Stop();
  loop.Stop();
}

}  // namespace
}  // namespace proofmint::service
