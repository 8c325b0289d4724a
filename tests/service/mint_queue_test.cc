#include "signer/service/mint_queue.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "signer/dpop/inspect.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::Not;

// Notes what it is told.
class Owner final : public MintQueue::Owner {
 public:
  void Minted(int index, absl::Status status) override {
    indexes.push_back(index);
    statuses.push_back(std::move(status));
  }

  std::vector<int> indexes;
  std::vector<absl::Status> statuses;
};

class MintQueueTest : public ::testing::Test {
 protected:
  v1::SignProofResponse& Add(const std::string& htu, int index, Owner& owner) {
    v1::SignProofRequest& request = requests_.emplace_back();
    request.set_htm("POST");
    request.set_htu(htu);
    queue_.Add(request, responses_.emplace_back(), index, owner);
    return responses_.back();
  }

  FakeEntropy entropy_;
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel(), .capacity = 0},
                         entropy_)
          .value();
  ProofMinter minter_ = ProofMinter(crypto::DefaultKernel(), *key_pool_,
                                    entropy_, [] { return absl::UnixEpoch(); });
  MintQueue queue_{minter_};
  std::deque<v1::SignProofRequest> requests_;
  std::deque<v1::SignProofResponse> responses_;
};

TEST_F(MintQueueTest, TellsEachOwnerOfItsRequestsInTheirOrder) {
  Owner one;
  Owner other;
  Add("https://a/", 7, one);
  v1::SignProofResponse& second = Add("https://b/", -1, other);
  Add("https://c/", 8, one);
  EXPECT_EQ(queue_.size(), 3u);
  queue_.MintSome();
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_THAT(one.indexes, ElementsAre(7, 8));
  EXPECT_THAT(one.statuses, ElementsAre(IsOk(), IsOk()));
  EXPECT_THAT(other.indexes, ElementsAre(-1));
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
  queue_.MintSome();
  EXPECT_THAT(owner.statuses, ElementsAre(IsOk(), Not(IsOk()), IsOk()));
}

TEST_F(MintQueueTest, MintsAsManyTogetherAsTheMinterTakes) {
  constexpr int kMax = static_cast<int>(ProofMinter::kMaxTogether);
  std::vector<Owner> owners(2 * kMax + 1);
  for (int i = 0; i < 2 * kMax + 1; ++i) Add("https://a/", i, owners[i]);
  queue_.MintSome();
  EXPECT_EQ(queue_.size(), static_cast<size_t>(kMax + 1));
  EXPECT_THAT(owners[kMax - 1].indexes, ElementsAre(kMax - 1));
  EXPECT_THAT(owners[kMax].indexes, ElementsAre());
  Owner late;
  Add("https://a/", 0, late);
  queue_.MintSome();
  queue_.MintSome();
  EXPECT_EQ(queue_.size(), 0u);
  for (const Owner& owner : owners) EXPECT_EQ(owner.indexes.size(), 1u);
  EXPECT_THAT(late.statuses, ElementsAre(IsOk()));
}

TEST_F(MintQueueTest, MintsNothingWhenThereIsNothing) {
  queue_.MintSome();
  EXPECT_EQ(entropy_.calls(), 0);
}

}  // namespace
}  // namespace proofmint::service
