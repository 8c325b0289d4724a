#include "signer/client/coalescer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"
#include "tests/client/fake_transport.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::ErrorResult;
using ::proofmint::testing::FakeTransport;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::ProofFor;
using ::proofmint::testing::RequestNamed;
using ::proofmint::testing::Results;
using ::proofmint::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Hours(1);
constexpr absl::Duration kShort = absl::Milliseconds(10);

class CoalescerTest : public ::testing::Test {
 protected:
  CoalescerTest() { Start({}); }

  struct Options {
    absl::Duration max_batch_delay = absl::ZeroDuration();
    size_t max_batch_size = 256;
    size_t max_batches_in_flight = 1;
    size_t max_queued = 1000;
  };

  void Start(const Options& options) {
    coalescer_.reset();
    auto transport = std::make_unique<FakeTransport>();
    transport_ = transport.get();
    auto coalescer = Coalescer::Start(
        {.max_batch_delay = options.max_batch_delay,
         .max_batch_size = options.max_batch_size,
         .max_batches_in_flight = options.max_batches_in_flight,
         .max_queued = options.max_queued,
         .retry = {.initial_backoff = absl::Microseconds(1),
                   .max_backoff = absl::Microseconds(1)}},
        std::move(transport));
    ASSERT_THAT(coalescer, IsOk());
    coalescer_ = *std::move(coalescer);
  }

  // Adds calls whose names are their nonces.
  void Add(std::vector<std::string> names, absl::Duration timeout = kLong) {
    for (const std::string& name : names) {
      coalescer_->Add(RequestNamed(name), timeout, results_.For(name));
    }
  }

  // Expects that each of the calls ended with its own proof, once.
  void ExpectProofs(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      absl::StatusOr<Proof> proof = results_.Wait(name);
      ASSERT_THAT(proof, IsOk());
      EXPECT_EQ(proof->jwt, "proof of " + name);
      EXPECT_EQ(results_.Count(name), 1u) << name;
    }
  }

  Results results_;
  FakeTransport* transport_ = nullptr;  // the coalescer's
  std::unique_ptr<Coalescer> coalescer_;
};

TEST_F(CoalescerTest, ARareCallLeavesAtOnceOnTheThreadOfItsCaller) {
  Add({"a"});
  ASSERT_EQ(transport_->waiting(), 1u);
  FakeTransport::Batch batch = transport_->Take();
  EXPECT_THAT(batch.names(), ElementsAre("a"));
  batch.Succeed();
  ExpectProofs({"a"});
}

TEST_F(CoalescerTest, CallsThatWaitedForABatchLeaveTogetherWhenItReturns) {
  Add({"a", "b", "c"});
  FakeTransport::Batch first = transport_->Take();
  EXPECT_THAT(first.names(), ElementsAre("a"));
  EXPECT_EQ(transport_->waiting(), 0u);
  first.Succeed();
  ASSERT_EQ(transport_->waiting(), 1u);
  FakeTransport::Batch second = transport_->Take();
  EXPECT_THAT(second.names(), ElementsAre("b", "c"));
  second.Succeed();
  ExpectProofs({"a", "b", "c"});
}

TEST_F(CoalescerTest, SendsSeveralBatchesAtATimeIfItMay) {
  Start({.max_batches_in_flight = 2});
  Add({"a", "b", "c"});
  EXPECT_EQ(transport_->waiting(), 2u);
  FakeTransport::Batch first = transport_->Take();
  FakeTransport::Batch second = transport_->Take();
  second.Succeed();
  FakeTransport::Batch third = transport_->Take();
  EXPECT_THAT(third.names(), ElementsAre("c"));
  third.Succeed();
  first.Succeed();
  ExpectProofs({"a", "b", "c"});
}

TEST_F(CoalescerTest, KeepsBatchesToTheirSize) {
  Start({.max_batch_size = 2});
  Add({"a", "b", "c", "d"});
  transport_->Take().Succeed();
  FakeTransport::Batch second = transport_->Take();
  EXPECT_THAT(second.names(), ElementsAre("b", "c"));
  second.Succeed();
  FakeTransport::Batch third = transport_->Take();
  EXPECT_THAT(third.names(), ElementsAre("d"));
  third.Succeed();
  ExpectProofs({"a", "b", "c", "d"});
}

TEST_F(CoalescerTest, FrequentCallsWaitUntilABatchIsWorthSending) {
  Start({.max_batch_delay = kLong, .max_batches_in_flight = 2});
  Add({"first"});
  ASSERT_EQ(transport_->waiting(), 1u);
  transport_->Take().Succeed();
  std::vector<std::string> names;
  for (size_t i = 0; i + 1 < BatchPacing::kWorthSending; ++i) {
    names.push_back(absl::StrCat(i));
  }
  Add(names);
  ASSERT_EQ(transport_->waiting(), 0u);
  Add({"last"});
  ASSERT_EQ(transport_->waiting(), 1u);
  FakeTransport::Batch batch = transport_->Take();
  EXPECT_THAT(batch.names(), SizeIs(BatchPacing::kWorthSending));
  batch.Succeed();
  ExpectProofs(names);
  ExpectProofs({"first", "last"});
}

TEST_F(CoalescerTest, TheDispatcherSendsCallsThatWaitedTheirTime) {
  Start({.max_batch_delay = absl::Milliseconds(50)});
  Add({"a", "b", "c"});
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  EXPECT_THAT(batch.names(), ElementsAre("b", "c"));
  batch.Succeed();
  ExpectProofs({"a", "b", "c"});
}

TEST_F(CoalescerTest, ACallbackMayMakeACall) {
  coalescer_->Add(RequestNamed("a"), kLong, [this](absl::StatusOr<Proof> a) {
    results_.For("a")(std::move(a));
    Add({"b"});
  });
  transport_->Take().Succeed();
  transport_->Take().Succeed();
  ExpectProofs({"a", "b"});
}

TEST_F(CoalescerTest, ADeadlineEndsACallAlthoughItsBatchIsOut) {
  Add({"a", "long"});
  Add({"short"}, kShort);
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  EXPECT_THAT(batch.names(), ElementsAre("long", "short"));
  EXPECT_THAT(results_.Wait("short"),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(results_.Count("long"), 0u);
  batch.Succeed();
  ExpectProofs({"a", "long"});
  EXPECT_EQ(results_.Count("short"), 1u);
}

TEST_F(CoalescerTest, ABatchHasTheLongestTimeoutOfItsCalls) {
  Add({"a"});
  Add({"b"}, 2 * kLong);
  Add({"c"}, kLong / 2);
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  EXPECT_GT(batch.timeout, kLong);
  EXPECT_LE(batch.timeout, 2 * kLong);
  batch.Succeed();
}

TEST_F(CoalescerTest, ADeadlineEndsACallInTheQueueWhichIsThenNotSent) {
  Add({"a"});
  Add({"short"}, kShort);
  Add({"long"});
  FakeTransport::Batch first = transport_->Take();
  EXPECT_THAT(results_.Wait("short"),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  first.Succeed();
  FakeTransport::Batch second = transport_->Take();
  EXPECT_THAT(second.names(), ElementsAre("long"));
  second.Succeed();
  ExpectProofs({"a", "long"});
}

TEST_F(CoalescerTest, ACallWhoseDeadlineHasPassedFailsAtOnce) {
  Add({"a"}, absl::ZeroDuration());
  EXPECT_EQ(results_.Count("a"), 1u);
  EXPECT_THAT(results_.Wait("a"),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(transport_->waiting(), 0u);
}

TEST_F(CoalescerTest, AnInvalidRequestThatWouldSpoilItsBatchFailsAtOnce) {
  coalescer_->Add({.htm = "POST", .htu = "https://\xff/"}, kLong,
                  results_.For("bad"));
  EXPECT_EQ(results_.Count("bad"), 1u);
  EXPECT_EQ(ReasonOf(results_.Wait("bad").status()), "INVALID_HTU");
  EXPECT_EQ(transport_->waiting(), 0u);
}

TEST_F(CoalescerTest, CallsBeyondTheQueueFailAtOnce) {
  Start({.max_queued = 2});
  Add({"out", "a", "b", "c"});
  EXPECT_EQ(results_.Count("c"), 1u);
  EXPECT_THAT(results_.Wait("c"), StatusIs(absl::StatusCode::kResourceExhausted,
                                           HasSubstr("max_queued")));
  transport_->Take().Succeed();
  transport_->Take().Succeed();
  ExpectProofs({"out", "a", "b"});
}

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

TEST_F(CoalescerTest, AResponseWithoutAllResultsIsAnError) {
  Add({"a", "b", "c"});
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  batch.Answer({ProofFor(batch.request.requests(0))});
  ExpectProofs({"a", "b"});
  EXPECT_THAT(results_.Wait("c"), StatusIs(absl::StatusCode::kInternal, _));
}

TEST_F(CoalescerTest, DestructionEndsWhatWaitsWithCancelled) {
  Add({"retried"});
  transport_->Take().Answer({ErrorResult(service::DrainingError(kLong / 2))});
  Add({"out", "queued"});
  ASSERT_EQ(transport_->waiting(), 1u);
  coalescer_.reset();
  for (const char* name : {"retried", "out", "queued"}) {
    EXPECT_EQ(results_.Count(name), 1u) << name;
    EXPECT_THAT(results_.Wait(name), StatusIs(absl::StatusCode::kCancelled, _));
  }
}

TEST_F(CoalescerTest, DestructionWaitsForTheCallbacksOfWhatIsOut) {
  Add({"a", "b"});
  FakeTransport::Batch batch = transport_->Take();
  std::thread destroyer([this] { coalescer_.reset(); });
  EXPECT_THAT(results_.Wait("b"), StatusIs(absl::StatusCode::kCancelled, _));
  batch.Succeed();
  destroyer.join();
  ExpectProofs({"a"});
}

TEST_F(CoalescerTest, ACallThatACallbackMakesDuringDestructionIsCancelled) {
  Coalescer* coalescer = coalescer_.get();  // coalescer_ is null by then
  coalescer->Add(RequestNamed("a"), kLong, [=, this](absl::StatusOr<Proof> a) {
    results_.For("a")(std::move(a));
    coalescer->Add(RequestNamed("b"), kLong, results_.For("b"));
  });
  coalescer_.reset();
  EXPECT_THAT(results_.Wait("b"), StatusIs(absl::StatusCode::kCancelled, _));
}

TEST_F(CoalescerTest, CountsWhatItDoes) {
  Add({"a", "b", "c"});
  SignerClientStats stats = coalescer_->stats();
  EXPECT_EQ(stats.queued, 2u);
  EXPECT_EQ(stats.batches_in_flight, 1u);
  transport_->Take().Succeed();
  FakeTransport::Batch batch = transport_->Take();
  batch.Answer({ProofFor(batch.request.requests(0)),
                ErrorResult(absl::InternalError("no reason"))});
  ExpectProofs({"a", "b"});
  stats = coalescer_->stats();
  EXPECT_EQ(stats.calls, 3u);
  EXPECT_EQ(stats.proofs, 2u);
  EXPECT_THAT(stats.failures, ElementsAre(Pair("INTERNAL", 1)));
  EXPECT_EQ(stats.batches, 2u);
  EXPECT_EQ(stats.batch_sizes[0], 1u);
  EXPECT_EQ(stats.batch_sizes[1], 1u);
  EXPECT_EQ(stats.batch_sizes.sum(), 3u);
  EXPECT_EQ(stats.queued, 0u);
  EXPECT_EQ(stats.batches_in_flight, 0u);
  uint64_t ended = 0;
  for (size_t i = 0; i < stats.latency_us.size(); ++i) {
    ended += stats.latency_us[i];
  }
  EXPECT_EQ(ended, 3u);
}

}  // namespace
}  // namespace proofmint::client
