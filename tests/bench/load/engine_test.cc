// Tests the engine with real servers that stall, fail and return wrong proofs.

#include "bench/load/engine.h"

#include <gmock/gmock.h>

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "bench/load/clock.h"
#include "bench/load/connections.h"
#include "tests/bench/load/fake_signer.h"
#include "tests/testing/child_process.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::ErrorStatus;
using ::proofmint::testing::FakeSigner;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::RefuseThreads;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TestServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr double kClosedLoop = 0;
constexpr int64_t kMs = kNanosecondsPerMillisecond;

Options TestOptions(const std::string& target) {
  Options options;
  options.targets = {target};
  options.concurrency = 2;
  options.connections = 2;
  options.warmup = absl::ZeroDuration();
  options.duration = absl::Milliseconds(500);
  options.timeout = absl::Seconds(20);
  options.verify = 1;
  return options;
}

struct Outcome {
  Measurements measured;
  Verifier::Counts verified;
};

Outcome RunLoad(const Options& options, double rate) {
  auto channels = Connect(options);
  EXPECT_THAT(channels, IsOk());
  auto verifier = Verifier::Start(options.nonce).value();
  auto engine = Engine::Start(options, rate, *channels, *verifier).value();
  engine->Wait();
  return {engine->recorder().Take(), verifier->Finish()};
}

// Returns how many proofs are due in the measured time.
int64_t ProofsDue(const Options& options, double rate) {
  const int64_t start = absl::ToInt64Nanoseconds(options.warmup);
  const int64_t end = start + absl::ToInt64Nanoseconds(options.duration);
  ArrivalSchedule schedule(0, rate / options.batch, options.seed);
  int64_t count = 0;
  for (int64_t due = schedule.Next(); due < end; due = schedule.Next()) {
    if (due >= start) count += options.batch;
  }
  return count;
}

TEST(EngineTest, AClosedLoopGetsRightProofs) {
  TestServer server;
  Options options = TestOptions(server.unix_target());
  options.nonce = "n-1";
  options.algorithms = {{dpop::Algorithm::kEs256, 2},
                        {dpop::Algorithm::kEd25519, 1},
                        {dpop::Algorithm::kEdDsa, 1}};
  Outcome outcome = RunLoad(options, kClosedLoop);
  EXPECT_GT(outcome.measured.ok, 0);
  EXPECT_EQ(outcome.measured.sent, outcome.measured.ok);
  EXPECT_THAT(outcome.measured.errors, IsEmpty());
  EXPECT_EQ(outcome.measured.corrected.count(), outcome.measured.sent);
  EXPECT_GT(outcome.verified.verified, 0);
  EXPECT_EQ(outcome.verified.failures, 0) << outcome.verified.first_failure;
}

TEST(EngineTest, AnOpenLoopSendsWhatIsDueAndNothingElse) {
  TestServer server;
  Options options = TestOptions(server.unix_target());
  options.targets.push_back(server.tcp_target());
  options.batch = 4;
  options.warmup = absl::Milliseconds(200);
  Outcome outcome = RunLoad(options, /*rate=*/400);
  EXPECT_EQ(outcome.measured.sent, ProofsDue(options, 400));
  EXPECT_EQ(outcome.measured.ok, outcome.measured.sent);
  EXPECT_EQ(outcome.measured.corrected.count(), outcome.measured.sent / 4);
  EXPECT_EQ(outcome.verified.verified, outcome.measured.ok);
  EXPECT_EQ(outcome.verified.failures, 0) << outcome.verified.first_failure;
}

// This is the reason for an open loop. The server stalls for 400 ms: counted
// from when they were sent, only the two calls in flight are slow; but all that
// were due meanwhile, a fifth of all, had to wait.
TEST(EngineTest, AStallShowsInTheCorrectedPercentiles) {
  FakeSigner server({.before = [](int call) {
    if (call == 100) absl::SleepFor(absl::Milliseconds(400));
    return grpc::Status::OK;
  }});
  Options options = TestOptions(server.target());
  options.duration = absl::Seconds(2);
  options.verify = 0;
  Outcome outcome = RunLoad(options, /*rate=*/200);
  const Measurements& measured = outcome.measured;
  // The schedule continued.
  EXPECT_EQ(measured.sent, ProofsDue(options, 200));
  EXPECT_THAT(measured.errors, IsEmpty());
  EXPECT_GE(measured.corrected.ValueAtPercentile(99), 300 * kMs);
  EXPECT_GE(measured.corrected.ValueAtPercentile(90), 100 * kMs);
  EXPECT_LT(measured.uncorrected.ValueAtPercentile(50), 100 * kMs);
  EXPECT_LT(measured.uncorrected.ValueAtPercentile(99), 250 * kMs);
  EXPECT_GE(measured.uncorrected.max(), 400 * kMs);
  EXPECT_GE(measured.late_sends, 60);
}

TEST(EngineTest, CountsErrorsByReason) {
  FakeSigner server({.before = [](int call) {
    switch (call % 4) {
      case 1:
        return ErrorStatus(grpc::StatusCode::UNAVAILABLE, "OVERLOADED",
                           absl::Milliseconds(10));
      case 2:
        return grpc::Status(grpc::StatusCode::INTERNAL, "no details");
      default:
        return grpc::Status::OK;
    }
  }});
  Options options = TestOptions(server.target());
  Outcome outcome = RunLoad(options, /*rate=*/200);
  const int64_t sent = ProofsDue(options, 200);
  EXPECT_EQ(outcome.measured.sent, sent);
  EXPECT_THAT(outcome.measured.errors,
              ElementsAre(Pair("INTERNAL", (sent + 2) / 4),
                          Pair("OVERLOADED", (sent + 3) / 4)));
  EXPECT_EQ(outcome.measured.ok + outcome.measured.error_count(), sent);
  EXPECT_EQ(outcome.measured.retries, 0);
  EXPECT_EQ(outcome.measured.wrong, 0);
  EXPECT_EQ(outcome.measured.corrected.count(), sent);
}

TEST(EngineTest, CountsErrorsOfItems) {
  FakeSigner server(
      {.spoil_batch = [](int, v1::BatchSignProofsResponse& batch) {
        auto* error = batch.mutable_results(1)->mutable_error();
        error->set_code(14);
        google::rpc::ErrorInfo info;
        info.set_reason("SIGNING_FAILED");
        error->add_details()->PackFrom(info);
      }});
  Options options = TestOptions(server.target());
  options.batch = 3;
  Outcome outcome = RunLoad(options, kClosedLoop);
  EXPECT_EQ(outcome.measured.sent % 3, 0);
  EXPECT_EQ(outcome.measured.ok, outcome.measured.sent / 3 * 2);
  EXPECT_THAT(outcome.measured.errors,
              ElementsAre(Pair("SIGNING_FAILED", outcome.measured.sent / 3)));
  EXPECT_EQ(outcome.verified.failures, 0) << outcome.verified.first_failure;
}

TEST(EngineTest, SendsAgainAfterTheDelayThatTheServerAsksFor) {
  constexpr absl::Duration kDelay = absl::Milliseconds(150);
  FakeSigner server({.before = [&](int call) {
    return call == 5 ? ErrorStatus(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                   "CALLER_QUOTA_EXCEEDED", kDelay)
                     : grpc::Status::OK;
  }});
  Options options = TestOptions(server.target());
  options.max_attempts = 2;
  Outcome outcome = RunLoad(options, /*rate=*/50);
  const int64_t sent = ProofsDue(options, 50);
  EXPECT_EQ(outcome.measured.sent, sent);
  EXPECT_EQ(outcome.measured.ok, sent);
  EXPECT_EQ(outcome.measured.retries, 1);
  EXPECT_EQ(server.calls(), sent + 1);
  // Latency counts from the first attempt to the last response.
  EXPECT_GE(outcome.measured.corrected.max(), absl::ToInt64Nanoseconds(kDelay));
  EXPECT_GE(outcome.measured.uncorrected.max(),
            absl::ToInt64Nanoseconds(kDelay));
}

TEST(EngineTest, GivesUpAfterTheLastAttempt) {
  FakeSigner server({.before = [](int) {
    return ErrorStatus(grpc::StatusCode::UNAVAILABLE, "DRAINING",
                       absl::Milliseconds(1));
  }});
  Options options = TestOptions(server.target());
  options.max_attempts = 3;
  Outcome outcome = RunLoad(options, /*rate=*/40);
  const int64_t sent = ProofsDue(options, 40);
  EXPECT_EQ(outcome.measured.retries, 2 * sent);
  EXPECT_EQ(server.calls(), 3 * sent);
  EXPECT_THAT(outcome.measured.errors, ElementsAre(Pair("DRAINING", sent)));
  EXPECT_EQ(outcome.measured.ok, 0);
}

TEST(EngineTest, DoesNotRepeatARefusal) {
  FakeSigner server({.before = [](int) {
    return ErrorStatus(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_HTU");
  }});
  Options options = TestOptions(server.target());
  options.max_attempts = 3;
  Outcome outcome = RunLoad(options, /*rate=*/40);
  EXPECT_EQ(outcome.measured.retries, 0);
  EXPECT_EQ(server.calls(), outcome.measured.sent);
}

TEST(EngineTest, FindsAProofThatComesTwice) {
  v1::SignProofResponse first;
  FakeSigner server({.spoil = [&](int call, v1::SignProofResponse& proof) {
    if (call == 1) first = proof;
    if (call == 7) proof = first;
  }});
  Outcome outcome = RunLoad(TestOptions(server.target()), /*rate=*/50);
  EXPECT_EQ(outcome.verified.failures, 1);
  EXPECT_EQ(outcome.verified.verified, outcome.measured.ok);
  EXPECT_EQ(outcome.measured.wrong, 0);
}

TEST(EngineTest, CountsResponsesThatBreakTheContract) {
  FakeSigner server({.spoil = [](int call, v1::SignProofResponse& proof) {
    if (call == 3) proof.clear_iat();
    if (call == 4) proof.mutable_jkt()->pop_back();
    if (call == 5) proof.clear_proof();
  }});
  Outcome outcome = RunLoad(TestOptions(server.target()), /*rate=*/50);
  EXPECT_EQ(outcome.measured.wrong, 3);
  EXPECT_THAT(outcome.measured.errors,
              ElementsAre(Pair(std::string(kWrongResponse), 3)));
}

// The load is twice what the server can answer in the measured time and the
// timeout: calls that could not be sent count with the time that they waited.
TEST(EngineTest, ArrivalsThatAreNeverSentAreCounted) {
  FakeSigner server({.before = [](int) {
    absl::SleepFor(absl::Milliseconds(20));
    return grpc::Status::OK;
  }});
  Options options = TestOptions(server.target());
  options.timeout = absl::Milliseconds(500);
  options.concurrency = 1;
  options.verify = 0;
  Outcome outcome = RunLoad(options, /*rate=*/1000);
  const Measurements& measured = outcome.measured;
  EXPECT_GT(measured.not_sent, 0);
  EXPECT_EQ(measured.sent + measured.not_sent, ProofsDue(options, 1000));
  EXPECT_EQ(measured.errors.at(kNotSent), measured.not_sent);
  EXPECT_EQ(measured.corrected.count(), ProofsDue(options, 1000));
  EXPECT_EQ(measured.uncorrected.count(), measured.sent);
  EXPECT_GE(measured.corrected.max(), 500 * kMs);
}

TEST(EngineTest, ACallThatIsNotAnsweredEndsAtItsDeadline) {
  absl::Notification end_of_test;
  FakeSigner server({.before = [&](int call) {
    if (call == 2) end_of_test.WaitForNotification();
    return grpc::Status::OK;
  }});
  Options options = TestOptions(server.target());
  options.timeout = absl::Milliseconds(300);
  Outcome outcome = RunLoad(options, kClosedLoop);
  end_of_test.Notify();
  EXPECT_GE(outcome.measured.errors.at("DEADLINE_EXCEEDED"), 1);
  EXPECT_GE(outcome.measured.corrected.max(), 290 * kMs);
}

TEST(EngineTest, StopsEarly) {
  TestServer server;
  Options options = TestOptions(server.unix_target());
  options.duration = absl::Hours(1);
  auto channels = Connect(options);
  ASSERT_THAT(channels, IsOk());
  auto verifier = Verifier::Start("").value();
  for (double rate : {kClosedLoop, 100.0, 0.001}) {
    auto engine = Engine::Start(options, rate, *channels, *verifier).value();
    absl::SleepFor(absl::Milliseconds(100));
    engine->Stop();
    engine->Wait();
    EXPECT_LT(engine->measured_end() - engine->measured_start(), 20'000 * kMs);
    const Measurements measured = engine->recorder().Take();
    EXPECT_EQ(measured.sent, measured.ok);
    EXPECT_THAT(measured.errors, IsEmpty());
  }
}

TEST(EngineTest, FailsWithoutAThread) {
  TestServer server;
  const Options options = TestOptions(server.unix_target());
  auto channels = Connect(options);
  ASSERT_THAT(channels, IsOk());
  auto verifier = Verifier::Start("").value();
  std::thread([&] {
    ASSERT_TRUE(RefuseThreads());
    for (double rate : {kClosedLoop, 100.0}) {
      EXPECT_THAT(Engine::Start(options, rate, *channels, *verifier),
                  StatusIs(absl::StatusCode::kResourceExhausted,
                           HasSubstr("thread load-poller: ")));
    }
  }).join();
}

TEST(ConnectTest, NamesTheFileThatCannotBeRead) {
  Options options = TestOptions("unix:/no/such/socket");
  options.tls = {.ca_file = "/no/such/ca.pem",
                 .certificate_file = "/no/such/client.pem",
                 .key_file = "/no/such/key.pem"};
  EXPECT_THAT(Connect(options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "--tls_ca: /no/such/ca.pem: No such file or "
                       "directory"));
}

TEST(ConnectTest, NamesTheTargetThatCannotBeReached) {
  TestServer server;
  Options options = TestOptions(server.unix_target());
  options.targets.push_back("unix:/no/such/socket");
  options.timeout = absl::Milliseconds(200);
  EXPECT_THAT(Connect(options), StatusIs(absl::StatusCode::kUnavailable,
                                         AllOf(HasSubstr("/no/such/socket"),
                                               HasSubstr("No such file"))));
}

TEST(ConnectTest, AsksTheServerWhatItIs) {
  TestServer server;
  Options options = TestOptions(server.unix_target());
  auto channels = Connect(options);
  ASSERT_THAT(channels, IsOk());
  EXPECT_EQ(channels->size(), 2u);
  std::optional<ServerDescription> description =
      DescribeServer((*channels)[0], options.timeout);
  ASSERT_TRUE(description.has_value());
  EXPECT_NE(description->version, "");
  EXPECT_NE(description->kernel, "");
  FakeSigner silent({});
  options.targets = {silent.target()};
  channels = Connect(options);
  ASSERT_THAT(channels, IsOk());
  EXPECT_FALSE(DescribeServer((*channels)[0], options.timeout).has_value());
}

}  // namespace
}  // namespace proofmint::load
