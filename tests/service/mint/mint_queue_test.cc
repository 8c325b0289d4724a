#include "signer/service/mint/mint_queue.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "signer/base/clock.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/service_parts.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::TestKeyHandles;
using ::testing::ElementsAre;
using ::testing::Not;

// Records the outcomes that it receives.
class Owner final : public MintQueue::Owner {
 public:
  void OnMinted(int slot, absl::Status status) override {
    slots.push_back(slot);
    statuses.push_back(std::move(status));
  }

  std::vector<int> slots;
  std::vector<absl::Status> statuses;
};

class MintQueueTest : public ::testing::Test {
 protected:
  v1::SignProofResponse& Add(const std::string& htu, int slot, Owner& owner) {
    v1::SignProofRequest& request = requests_.emplace_back();
    request.set_htm("POST");
    request.set_htu(htu);
    queue_.Add({.request = &request,
                .response = &responses_.emplace_back(),
                .call = &call_,
                .owner = &owner,
                .slot = slot});
    return responses_.back();
  }

  FakeEntropy entropy_;
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel(), .capacity = 0},
                         entropy_)
          .value();
  TestKeyHandles handles_;
  ProofMinter minter_ =
      ProofMinter(crypto::DefaultKernel(), *key_pool_, *handles_, entropy_,
                  [] { return absl::UnixEpoch(); });
  CallStats stats_;
  MintQueue queue_{minter_, stats_};
  MintQueue::CallInfo call_ = {.caller = "uid:1",
                               .arrived = base::MonotonicNow()};
  std::deque<v1::SignProofRequest> requests_;
  std::deque<v1::SignProofResponse> responses_;
};

TEST_F(MintQueueTest, TellsEachOwnerOfItsRequestsInTheirOrder) {
  Owner one;
  Owner other;
  Add("https://a/", 7, one);
  v1::SignProofResponse& second = Add("https://b/", 0, other);
  Add("https://c/", 8, one);
  EXPECT_EQ(queue_.size(), 3u);
  queue_.RunBatch();
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_THAT(one.slots, ElementsAre(7, 8));
  EXPECT_THAT(one.statuses, ElementsAre(IsOk(), IsOk()));
  EXPECT_THAT(other.slots, ElementsAre(0));
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(second.proof());
  ASSERT_THAT(proof, IsOk());
  EXPECT_EQ(proof->htu, "https://b/");
  EXPECT_TRUE(proof->signature_valid);
}

TEST_F(MintQueueTest, OneThatFailsDoesSoAlone) {
  Owner owner;
  Add("https://a/", 0, owner);
  Add("not a URL", 1, owner);
  Add("https://c/", 2, owner);
  queue_.RunBatch();
  EXPECT_THAT(owner.statuses, ElementsAre(IsOk(), Not(IsOk()), IsOk()));
}

TEST_F(MintQueueTest, MintsAsManyTogetherAsTheMinterTakes) {
  constexpr int kMax = static_cast<int>(crypto::kKernelBatchSize);
  std::vector<Owner> owners(2 * kMax + 1);
  for (int i = 0; i < 2 * kMax + 1; ++i) Add("https://a/", i, owners[i]);
  queue_.RunBatch();
  EXPECT_EQ(queue_.size(), static_cast<size_t>(kMax + 1));
  EXPECT_THAT(owners[kMax - 1].slots, ElementsAre(kMax - 1));
  EXPECT_THAT(owners[kMax].slots, ElementsAre());
  Owner late;
  Add("https://a/", 0, late);
  queue_.RunBatch();
  queue_.RunBatch();
  EXPECT_EQ(queue_.size(), 0u);
  for (const Owner& owner : owners) EXPECT_EQ(owner.slots.size(), 1u);
  EXPECT_THAT(late.statuses, ElementsAre(IsOk()));
}

TEST_F(MintQueueTest, MakesNothingForACallThatIsTooLate) {
  Owner in_time;
  Owner late;
  Add("https://a/", 0, in_time);
  const MintQueue::CallInfo late_call = {.caller = "uid:1",
                                         .arrived = base::MonotonicNow(),
                                         .deadline = base::MonotonicNow()};
  v1::SignProofRequest request = requests_.back();
  v1::SignProofResponse response;
  queue_.Add({.request = &request,
              .response = &response,
              .call = &late_call,
              .owner = &late});
  queue_.RunBatch();
  EXPECT_THAT(in_time.statuses, ElementsAre(IsOk()));
  ASSERT_EQ(late.statuses.size(), 1u);
  EXPECT_EQ(ReasonOf(late.statuses[0]), kDeadlineTooShort);
  EXPECT_EQ(response.proof(), "");
  const int calls = entropy_.calls();
  queue_.Add({.request = &request,
              .response = &response,
              .call = &late_call,
              .owner = &late});
  queue_.RunBatch();
  EXPECT_EQ(entropy_.calls(), calls);
  EXPECT_EQ(late.statuses.size(), 2u);
}

TEST_F(MintQueueTest, CountsProofsErrorsAndTheTimesOfCalls) {
  Owner owner;
  call_.arrived = base::MonotonicNow() - absl::Milliseconds(30);
  Add("https://a/", 0, owner);
  Add("not a URL", 1, owner);
  Add("https://c/", 2, owner);
  queue_.RunBatch();
  EXPECT_EQ(stats_.proofs.value(), 2u);
  uint64_t errors = 0;
  for (const Counter& counter : stats_.errors) errors += counter.value();
  EXPECT_EQ(errors, 1u);
  // There was one call, and one run.
  uint64_t waits = 0;
  uint64_t runs = 0;
  for (size_t i = 0; i < TimeHistogram::kBuckets; ++i) {
    waits += stats_.queue.count(i);
    runs += stats_.execution.count(i);
  }
  EXPECT_EQ(waits, 1u);
  EXPECT_EQ(runs, 1u);
  EXPECT_GE(stats_.queue.sum_nanoseconds(), 30'000'000u);
}

TEST_F(MintQueueTest, ExpectsTheWaitOfTheLastOneWhileOthersWait) {
  constexpr int kMax = static_cast<int>(crypto::kKernelBatchSize);
  Owner owner;
  call_.arrived = base::MonotonicNow() - absl::Milliseconds(30);
  for (int i = 0; i < kMax; ++i) Add("https://a/", i, owner);
  EXPECT_EQ(queue_.ExpectedWait(), absl::ZeroDuration());
  Add("https://a/", kMax, owner);
  queue_.RunBatch();
  EXPECT_GE(queue_.ExpectedWait(), absl::Milliseconds(30));
  queue_.RunBatch();
  EXPECT_EQ(queue_.ExpectedWait(), absl::ZeroDuration());
}

TEST_F(MintQueueTest, MintsNothingWhenThereIsNothing) {
  queue_.RunBatch();
  EXPECT_EQ(entropy_.calls(), 0);
}

}  // namespace
}  // namespace proofmint::service
