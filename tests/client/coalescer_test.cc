#include "signer/client/coalescer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/service/contract/errors.h"
#include "tests/client/coalescer_fixture.h"
#include "tests/client/fake_transport.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::ErrorResult;
using ::proofmint::testing::FakeTransport;
using ::proofmint::testing::ProofFor;
using ::proofmint::testing::RequestNamed;
using ::proofmint::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr absl::Duration kLong = absl::Hours(1);
constexpr absl::Duration kShort = absl::Milliseconds(10);

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
