// Tests the broker against real servers: its counts, and its retries.

#include "tests/reliability/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/testing/test_server.h"

namespace proofmint::reliability {
namespace {

using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::TestServer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// Calls `server` until it has answered at least `proofs` proofs or items.
Broker::Counts CallUntil(TestServer& server, const BrokerOptions& options,
                         int64_t proofs, ProofChecker::Counts& checked) {
  Broker broker(options, {NewChannel(server.unix_target())});
  const absl::Time limit = absl::Now() + kRpcLimit;
  while (broker.proofs().counts().right < proofs && absl::Now() < limit) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  broker.Stop();
  checked = broker.proofs().counts();
  return broker.TakeCounts();
}

TEST(BrokerTest, CountsCallsAndChecksEveryProof) {
  TestServer server;
  for (int batch : {1, 5}) {
    BrokerOptions options;
    options.threads = 3;
    options.batch = batch;
    ProofChecker::Counts proofs;
    Broker::Counts counts = CallUntil(server, options, 30, proofs);
    EXPECT_GE(proofs.right, 30);
    EXPECT_EQ(proofs.right, counts.calls * batch);
    EXPECT_EQ(proofs.wrong + proofs.duplicates, 0) << proofs.first_problem;
    EXPECT_EQ(counts.failed_calls, 0) << counts.first_failure;
    EXPECT_THAT(counts.failures, IsEmpty());
    EXPECT_EQ(counts.latency.count(), counts.calls);
  }
}

TEST(BrokerTest, CountsFailuresByNameAndAsksOnlyOnce) {
  TestServer server;
  BrokerOptions options;
  options.threads = 1;
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/3);
  ProofChecker::Counts proofs;
  Broker::Counts counts = CallUntil(server, options, 2, proofs);
  EXPECT_EQ(counts.failed_calls, 3);
  EXPECT_THAT(counts.failures,
              ElementsAre(Pair("UNAVAILABLE KEY_GENERATION_FAILED", 3)));
  EXPECT_EQ(counts.unlabelled, 0);
  EXPECT_EQ(counts.repeats, 0);
  EXPECT_EQ(counts.latency.count(), counts.calls - 3);
}

TEST(BrokerTest, AsksAgainForWhatFailed) {
  for (int batch : {1, 4}) {
    TestServer server;
    BrokerOptions options;
    options.threads = 1;
    options.batch = batch;
    options.repeats = 2;
    server.entropy().FailAfter(/*successes=*/0, /*failures=*/2);
    ProofChecker::Counts proofs;
    Broker::Counts counts = CallUntil(server, options, batch, proofs);
    EXPECT_EQ(counts.failed_calls, 0) << counts.first_failure;
    EXPECT_GE(counts.repeats, 1);
    EXPECT_THAT(counts.failures, SizeIs(1));
    EXPECT_EQ(proofs.right, counts.calls * batch);
  }
}

TEST(BrokerTest, GivesUpWhenItHasAskedOftenEnough) {
  TestServer server;
  BrokerOptions options;
  options.threads = 1;
  options.repeats = 1;
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/2);
  ProofChecker::Counts proofs;
  Broker::Counts counts = CallUntil(server, options, 1, proofs);
  EXPECT_EQ(counts.failed_calls, 1);
  EXPECT_EQ(counts.repeats, 1);
}

TEST(BrokerTest, AFailureWithoutALabelIsNoticed) {
  BrokerOptions options;
  options.threads = 1;
  Broker broker(options, {NewChannel("unix:/nowhere/signer.sock")});
  broker.Stop();
  Broker::Counts counts = broker.TakeCounts();
  EXPECT_EQ(counts.failed_calls, counts.calls);
  EXPECT_EQ(counts.unlabelled, counts.calls);
}

}  // namespace
}  // namespace proofmint::reliability
