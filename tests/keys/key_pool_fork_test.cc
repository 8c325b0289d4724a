// What a forked child sees of a pool. The entropy is a real one: a fake one
// would give both processes the same keys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/jwk.h"
#include "signer/keys/key_pool.h"
#include "tests/keys/child_process.h"
#include "tests/keys/key_pool_peer.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;

class KeyPoolForkTest : public ::testing::Test {
 protected:
  void SetUp() override { PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED(); }

  std::unique_ptr<crypto::Entropy> entropy_ =
      crypto::NewSystemEntropy().value();
};

TEST_F(KeyPoolForkTest, AChildSeesAnEmptyPool) {
  std::unique_ptr<KeyPool> pool = NewFullPool(100, *entropy_);
  EXPECT_EQ(RunInChild([&] {
              std::span<const uint8_t> memory = KeyPoolPeer::Memory(*pool);
              if (std::any_of(memory.begin(), memory.end(),
                              [](uint8_t byte) { return byte != 0; })) {
                return 2;
              }
              if (pool->capacity() != 0) return 3;
              for (Algorithm algorithm : dpop::kAlgorithms) {
                if (pool->GetStats(algorithm).depth != 0) return 4;
              }
              return 0;
            }),
            0);
}

TEST_F(KeyPoolForkTest, AChildMintsOnDemand) {
  std::unique_ptr<KeyPool> pool = NewFullPool(100, *entropy_);
  EXPECT_EQ(RunInChild([&] {
              for (Algorithm algorithm : dpop::kAlgorithms) {
                if (TakeKeys(*pool, algorithm, 3).size() != 3) return 2;
                if (pool->GetStats(algorithm).pooled != 0) return 3;
                if (pool->GetStats(algorithm).missed != 3) return 4;
              }
              return 0;
            }),
            0);
}

TEST_F(KeyPoolForkTest, AChildTakesKeysThatItsParentNeverHandsOut) {
  constexpr size_t kCapacity = 100;
  std::unique_ptr<KeyPool> pool = NewFullPool(kCapacity, *entropy_);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_EQ(
        RunInChild([&] {
          for (const ProofKey& key : TakeKeys(*pool, algorithm, kCapacity)) {
            if (write(ends[1], key.jkt().data(), dpop::kJktSize) !=
                static_cast<ssize_t>(dpop::kJktSize)) {
              return 2;
            }
          }
          return 0;
        }),
        0);
    close(ends[1]);
    std::set<std::string> taken;
    std::string jkt(dpop::kJktSize, ' ');
    while (read(ends[0], jkt.data(), jkt.size()) ==
           static_cast<ssize_t>(jkt.size())) {
      taken.insert(jkt);
    }
    close(ends[0]);
    EXPECT_EQ(taken.size(), kCapacity);
    // The parent's pool has lost nothing.
    EXPECT_EQ(pool->GetStats(algorithm).depth, kCapacity);
    taken.merge(Thumbprints(TakeKeys(*pool, algorithm, kCapacity)));
    EXPECT_EQ(taken.size(), 2 * kCapacity);
    EXPECT_EQ(pool->GetStats(algorithm).pooled, kCapacity);
    EXPECT_EQ(pool->GetStats(algorithm).missed, 0u);
  }
}

TEST_F(KeyPoolForkTest, AChildMayWaitForThePoolAndDestroyIt) {
  std::unique_ptr<KeyPool> pool = NewFullPool(100, *entropy_);
  EXPECT_EQ(RunInChild([&] {
              pool->WaitUntilFull();
              pool.reset();
              return 0;
            }),
            0);
  EXPECT_EQ(pool->GetStats(Algorithm::kEs256).depth, 100u);
}

TEST_F(KeyPoolForkTest, AChildMayHaveAPoolOfItsOwn) {
  std::unique_ptr<KeyPool> pool = NewFullPool(100, *entropy_);
  EXPECT_EQ(RunInChild([&] {
              pool = NewFullPool(100, *entropy_);
              if (TakeKeys(*pool, Algorithm::kEs256, 9).size() != 9) return 2;
              return pool->GetStats(Algorithm::kEs256).pooled == 9 ? 0 : 3;
            }),
            0);
}

// Entropy without a lock. BoringSSL's holds one for a moment in each draw, and
// a child that is forked in that moment waits for it in vain.
class GetrandomEntropy : public crypto::Entropy {
 public:
  absl::Status Fill(std::span<uint8_t> out) override {
    // Never less than asked for, up to 256 bytes (getrandom(2)).
    while (!out.empty()) {
      size_t size = std::min<size_t>(out.size(), 256);
      if (getrandom(out.data(), size, 0) != static_cast<ssize_t>(size)) {
        return absl::UnavailableError("getrandom failed");
      }
      out = out.subspan(size);
    }
    return absl::OkStatus();
  }
};

// Neither the threads nor the child allocate memory: the sanitizers' allocators
// do not survive a fork as glibc's does.
TEST_F(KeyPoolForkTest, AChildNeverHangsOnWhatTheParentsThreadsWereDoing) {
  // Made from the entropy and nothing else of BoringSSL's.
  constexpr Algorithm kAlgorithm = Algorithm::kEd25519;
  constexpr size_t kThreads = 4;
  GetrandomEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(200, entropy);
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<ProofKey> keys(1 + t);
      while (!stop) {
        EXPECT_TRUE(pool->Take(kAlgorithm, keys).ok());
        for (int i = 0; i < 100; ++i) pool->GetStats(kAlgorithm);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(RunInChild([&] {
                ProofKey key;
                if (pool->GetStats(kAlgorithm).depth != 0) return 2;
                if (!pool->Take(kAlgorithm, {&key, 1}).ok()) return 3;
                if (pool->GetStats(kAlgorithm).missed != 1) return 4;
                pool->WaitUntilFull();
                std::destroy_at(pool.get());
                return 0;
              }),
              0);
  }
  stop = true;
}

}  // namespace
}  // namespace proofmint::keys
