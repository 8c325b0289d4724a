#include "signer/keys/key_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "signer/dpop/inspect.h"
#include "tests/dpop/test_proofs.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;
using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kAlways = 1'000'000'000;

// A pool that has given up filling; `entropy` works again.
std::unique_ptr<KeyPool> NewEmptyPool(size_t capacity, FakeEntropy& entropy) {
  entropy.FailAfter(0, kAlways);
  std::unique_ptr<KeyPool> pool = NewFullPool(capacity, entropy);
  entropy.FailAfter(0, 0);
  return pool;
}

TEST(KeyPoolTest, FillsToItsCapacity) {
  FakeEntropy entropy;
  for (size_t capacity : {1u, 63u, 64u, 65u, 200u}) {
    std::unique_ptr<KeyPool> pool = NewFullPool(capacity, entropy);
    EXPECT_EQ(pool->capacity(), capacity);
    for (Algorithm algorithm : dpop::kAlgorithms) {
      EXPECT_EQ(pool->GetStats(algorithm).depth, capacity);
      EXPECT_EQ(pool->GetStats(algorithm).pooled, 0u);
      EXPECT_EQ(pool->GetStats(algorithm).missed, 0u);
    }
  }
}

TEST(KeyPoolTest, FillsTheLowestStackFirst) {
  constexpr int kBatchSize = static_cast<int>(crypto::kKernelBatchSize);
  FakeEntropy entropy;
  // A draw for each key, enough for one batch of each algorithm.
  entropy.FailAfter(kBatchSize * static_cast<int>(dpop::kAlgorithms.size()),
                    kAlways);
  std::unique_ptr<KeyPool> pool = NewFullPool(1000, entropy);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    EXPECT_EQ(pool->GetStats(algorithm).depth, size_t{kBatchSize});
  }
}

TEST(KeyPoolTest, HandsOutEachKeyOnce) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(70, entropy);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    std::set<std::string> thumbprints;
    for (int i = 0; i < 300; ++i) {
      thumbprints.merge(Thumbprints(TakeKeys(*pool, algorithm, 1)));
    }
    EXPECT_EQ(thumbprints.size(), 300u);
    KeyPool::Stats stats = pool->GetStats(algorithm);
    EXPECT_GE(stats.pooled, 70u);
    EXPECT_EQ(stats.pooled + stats.missed, 300u);
  }
}

TEST(KeyPoolTest, TakesReadyKeysWithoutMinting) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(64, entropy);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    int calls = entropy.calls();
    EXPECT_EQ(Thumbprints(TakeKeys(*pool, algorithm, 31)).size(), 31u);
    EXPECT_EQ(entropy.calls(), calls);
    EXPECT_EQ(pool->GetStats(algorithm).depth, 33u);
    EXPECT_EQ(pool->GetStats(algorithm).pooled, 31u);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 0u);
  }
}

TEST(KeyPoolTest, KeysSignProofsOfTheirAlgorithm) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(3, entropy);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    // Three that were ready, and two that were not.
    std::vector<ProofKey> keys = TakeKeys(*pool, algorithm, 5);
    ASSERT_EQ(keys.size(), 5u);
    for (const ProofKey& key : keys) {
      auto inspected = dpop::InspectProof(dpop::ProofOf(key));
      ASSERT_THAT(inspected, IsOk());
      EXPECT_EQ(inspected->algorithm, algorithm);
      EXPECT_EQ(inspected->jkt, key.jkt());
      EXPECT_TRUE(inspected->signature_valid);
    }
  }
}

TEST(KeyPoolTest, MintsOnDemandWhenEmpty) {
  for (Algorithm algorithm : dpop::kAlgorithms) {
    FakeEntropy entropy;
    std::unique_ptr<KeyPool> pool = NewEmptyPool(100, entropy);
    EXPECT_EQ(pool->GetStats(algorithm).depth, 0u);
    EXPECT_EQ(Thumbprints(TakeKeys(*pool, algorithm, 2)).size(), 2u);
    EXPECT_EQ(pool->GetStats(algorithm).pooled, 0u);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 2u);
  }
}

TEST(KeyPoolTest, MintsWhatALargeRequestLacks) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    EXPECT_EQ(Thumbprints(TakeKeys(*pool, algorithm, 200)).size(), 200u);
    EXPECT_EQ(pool->GetStats(algorithm).pooled, 8u);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 192u);
  }
}

TEST(KeyPoolTest, KeepsNoKeysWithACapacityOfZero) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(0, entropy);
  EXPECT_EQ(entropy.calls(), 0);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    EXPECT_EQ(Thumbprints(TakeKeys(*pool, algorithm, 3)).size(), 3u);
    EXPECT_EQ(pool->GetStats(algorithm).depth, 0u);
    EXPECT_EQ(pool->GetStats(algorithm).pooled, 0u);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 3u);
  }
}

TEST(KeyPoolTest, TakesNothingWhenAskedForNothing) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(4, entropy);
  EXPECT_THAT(pool->Take(Algorithm::kEs256, {}), IsOk());
  EXPECT_EQ(pool->GetStats(Algorithm::kEs256).depth, 4u);
}

TEST(KeyPoolTest, RefusesACapacityBeyondMemory) {
  FakeEntropy entropy;
  for (size_t capacity : {SIZE_MAX, SIZE_MAX / 1344, SIZE_MAX / 100'000}) {
    EXPECT_THAT(KeyPool::New({.capacity = capacity}, entropy),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         AnyOf(HasSubstr("capacity: got "),
                               HasSubstr("key memory: mmap: "))));
  }
}

TEST(KeyPoolTest, FailsAsItsEntropyDoesAndLeavesTheKeysEmpty) {
  for (Algorithm algorithm : dpop::kAlgorithms) {
    FakeEntropy entropy;
    std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
    entropy.FailAfter(0, kAlways);
    // Some from the pool, some generated and some that fail.
    std::vector<ProofKey> keys(200);
    EXPECT_THAT(
        pool->Take(algorithm, keys),
        StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
    for (const ProofKey& key : keys) {
      EXPECT_EQ(key.encoded_header(), "");
      EXPECT_EQ(SecretOf(key), std::string(32, '\0'));
    }
    EXPECT_EQ(pool->GetStats(algorithm).pooled, 0u);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 0u);

    entropy.FailAfter(0, 0);
    EXPECT_THAT(pool->Take(algorithm, keys), IsOk());
    EXPECT_EQ(Thumbprints(keys).size(), 200u);
    pool->WaitUntilFull();
    EXPECT_EQ(pool->GetStats(algorithm).depth, 8u);
  }
}

}  // namespace
}  // namespace proofmint::keys
