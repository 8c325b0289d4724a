// Tests when a Coalescer sends items again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"
#include "tests/client/coalescer_fixture.h"
#include "tests/client/fake_transport.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::ErrorResult;
using ::proofmint::testing::FakeTransport;
using ::proofmint::testing::ProofFor;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr absl::Duration kLong = absl::Hours(1);

TEST_F(CoalescerTest, OnlyTheItemThatFailedForAPassingReasonIsSentAgain) {
  Add({"a", "b", "bad", "c"});
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  const auto& requests = batch.request.requests();
  const absl::Duration failed = base::MonotonicNow();
  batch.Answer({ErrorResult(service::KeyGenerationFailedError(
                    absl::UnavailableError("entropy"))),
                ErrorResult(service::InvalidFieldError(
                    service::kInvalidNonce, "requests[1].nonce", "a space")),
                ProofFor(requests[2])});
  ExpectProofs({"a", "c"});
  const absl::Status bad = results_.Wait("bad").status();
  EXPECT_EQ(bad, service::InvalidFieldError(service::kInvalidNonce, "nonce",
                                            "a space"));
  EXPECT_EQ(results_.Count("b"), 0u);
  FakeTransport::Batch retry = transport_->Take();
  EXPECT_GE(base::MonotonicNow() - failed, service::kRetryDelay);
  EXPECT_THAT(retry.names(), ElementsAre("b"));
  retry.Succeed();
  ExpectProofs({"b"});
}

TEST_F(CoalescerTest, AllItemsOfABatchThatWasLostAreSentAgain) {
  Add({"a", "b", "c"});
  transport_->Take().Succeed();
  transport_->Take().Fail(absl::CancelledError("connection lost"));
  std::vector<std::string> sent;
  while (sent.size() < 2) {  // perhaps one by one
    FakeTransport::Batch retry = transport_->Take();
    for (const std::string& name : retry.names()) sent.push_back(name);
    if (retry.names().empty()) break;
    retry.Succeed();
  }
  ExpectProofs({"a", "b", "c"});
  EXPECT_EQ(coalescer_->stats().retries, 2u);
}

TEST_F(CoalescerTest, ACallIsRetriedUntilItSucceeds) {
  Add({"a"});
  // Often enough that the dispatcher has gone to sleep before a retry.
  for (int i = 0; i < 50; ++i) {
    FakeTransport::Batch batch = transport_->Take();
    ASSERT_THAT(batch.names(), ElementsAre("a"));
    batch.Fail(absl::UnavailableError("connection refused"));
  }
  transport_->Take().Succeed();
  ExpectProofs({"a"});
  EXPECT_EQ(coalescer_->stats().retries, 50u);
}

TEST_F(CoalescerTest, ABatchThatWasRefusedFailsAllItsItems) {
  Add({"a"});
  transport_->Take().Fail(service::CallerNotAllowedError("uid:7"));
  EXPECT_EQ(results_.Wait("a").status(),
            service::CallerNotAllowedError("uid:7"));
  EXPECT_EQ(coalescer_->stats().retries, 0u);
}

TEST_F(CoalescerTest, ARetryThatWouldComeTooLateIsNotMade) {
  Add({"a"}, absl::Minutes(10));
  const absl::Status error = service::DrainingError(absl::Minutes(11));
  transport_->Take().Fail(error);
  EXPECT_EQ(results_.Wait("a").status(), error);
  EXPECT_EQ(coalescer_->stats().retries, 0u);
}

TEST_F(CoalescerTest, ADeadlineEndsACallThatIsRetried) {
  Add({"a"}, absl::Milliseconds(500));
  const absl::Status error = service::DrainingError(absl::Milliseconds(1));
  transport_->Take().Fail(error);
  // The retry, if there was time for it, has no answer.
  EXPECT_EQ(results_.Wait("a").status(), error);
  EXPECT_EQ(results_.Count("a"), 1u);
}

TEST_F(CoalescerTest, ARetryThatGrpcEndsAtTheDeadlineKeepsTheErrorBefore) {
  Add({"a"});
  const absl::Status error = service::DrainingError(absl::Milliseconds(1));
  transport_->Take().Fail(error);
  transport_->Take().Fail(absl::DeadlineExceededError("Deadline Exceeded"));
  EXPECT_EQ(results_.Wait("a").status(), error);
}

TEST_F(CoalescerTest, TheBudgetEndsTheRetriesOfASignerThatAlwaysFails) {
  constexpr size_t kCalls = 600;
  for (size_t i = 0; i < kCalls; ++i) Add({absl::StrCat(i)});
  const absl::Status error = service::DrainingError(kLong / 2);
  for (size_t failed = 0; failed < kCalls;) {
    FakeTransport::Batch batch = transport_->Take();
    ASSERT_FALSE(batch.names().empty());
    failed += batch.names().size();
    batch.Answer(std::vector(batch.names().size(), ErrorResult(error)));
  }
  const SignerClientStats stats = coalescer_->stats();
  EXPECT_EQ(stats.retries, 499u);
  EXPECT_EQ(stats.budget_refusals, kCalls - 499);
  EXPECT_EQ(stats.queued, 499u);
  EXPECT_THAT(stats.failures, ElementsAre(Pair("DRAINING", kCalls - 499)));
}

TEST_F(CoalescerTest, ABatchThatWasLostTakesLittleOfTheBudget) {
  constexpr size_t kCalls = 600;
  for (size_t i = 0; i < kCalls; ++i) Add({absl::StrCat(i)});
  for (size_t failed = 0; failed < kCalls;) {
    FakeTransport::Batch batch = transport_->Take();
    ASSERT_FALSE(batch.names().empty());
    failed += batch.names().size();
    batch.Fail(absl::CancelledError("connection lost"));
  }
  EXPECT_EQ(coalescer_->stats().budget_refusals, 0u);
}

TEST_F(CoalescerTest, ASignerThatAsksForADelayGetsNothingUntilThen) {
  constexpr absl::Duration kDelay = absl::Milliseconds(100);
  Add({"a"});
  FakeTransport::Batch batch = transport_->Take();
  const absl::Duration refused = base::MonotonicNow();
  batch.Fail(service::DrainingError(kDelay));
  Add({"b"});
  FakeTransport::Batch second = transport_->Take();
  EXPECT_GE(base::MonotonicNow() - refused, kDelay);
  EXPECT_EQ(second.names().front(), "b");
  second.Succeed();
  ExpectProofs({"b"});
}

TEST_F(CoalescerTest, ASuccessEndsTheDelayThatTheSignerAskedFor) {
  Start({.max_batches_in_flight = 2});
  Add({"a", "b"});
  FakeTransport::Batch first = transport_->Take();
  FakeTransport::Batch second = transport_->Take();
  first.Fail(service::DrainingError(kLong / 2));
  Add({"c"});
  EXPECT_EQ(transport_->waiting(), 0u);
  second.Succeed();
  ASSERT_EQ(transport_->waiting(), 1u);
  transport_->Take().Succeed();
  ExpectProofs({"b", "c"});
}

}  // namespace
}  // namespace proofmint::client
