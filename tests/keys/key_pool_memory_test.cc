// Tests that a pool's keys lie in protected memory and do not stay there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "signer/keys/key_pool.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/keys/mapping.h"
#include "tests/testing/child_process.h"
#include "tests/testing/fake_entropy.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;
using proofmint::testing::FakeEntropy;
using proofmint::testing::RefuseSystemCall;
using proofmint::testing::RefuseThreads;
using proofmint::testing::RunInChild;
using ::testing::Contains;

std::string CopyOf(std::span<const uint8_t> memory) {
  return std::string(memory.begin(), memory.end());
}

bool Holds(const std::string& memory, const ProofKey& key) {
  return memory.find(SecretOf(key)) != std::string::npos;
}

TEST(KeyPoolMemoryTest, LosesTheSecretsThatItHandsOut) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(32, entropy);
  std::string full = CopyOf(KeyPoolPeer::Memory(*pool));
  for (Algorithm algorithm : dpop::kAlgorithms) {
    // Fewer than wake the refilling thread, which would write meanwhile.
    std::vector<ProofKey> keys = TakeKeys(*pool, algorithm, 15);
    ASSERT_EQ(keys.size(), 15u);
    std::string less = CopyOf(KeyPoolPeer::Memory(*pool));
    for (const ProofKey& key : keys) {
      EXPECT_TRUE(Holds(full, key));
      EXPECT_FALSE(Holds(less, key));
    }
  }
}

TEST(KeyPoolMemoryTest, HoldsEachReadySecretInOnePlaceOnly) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(32, entropy);
  std::string full = CopyOf(KeyPoolPeer::Memory(*pool));
  for (Algorithm algorithm : dpop::kAlgorithms) {
    for (const ProofKey& key : TakeKeys(*pool, algorithm, 32)) {
      size_t place = full.find(SecretOf(key));
      ASSERT_NE(place, std::string::npos);
      EXPECT_EQ(full.find(SecretOf(key), place + 1), std::string::npos);
    }
  }
}

TEST(KeyPoolMemoryTest, IsLockedUndumpedAndWipedOnFork) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
  EXPECT_TRUE(pool->memory_locked());
  std::span<const uint8_t> memory = KeyPoolPeer::Memory(*pool);
  for (const uint8_t* place : {&memory.front(), &memory.back()}) {
    Mapping mapping = MappingOf(place);
    EXPECT_THAT(mapping.flags, Contains("lo"));
    EXPECT_THAT(mapping.flags, Contains("dd"));
    EXPECT_THAT(mapping.flags, Contains("wf"));
  }
}

TEST(KeyPoolMemoryTest, IsZerosInAForkedChild) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(100, entropy);
  std::span<const uint8_t> memory = KeyPoolPeer::Memory(*pool);
  const std::string full = CopyOf(memory);
  const std::string nothing(memory.size(), '\0');
  EXPECT_NE(full, nothing);
  EXPECT_EQ(RunInChild([&] { return CopyOf(memory) == nothing ? 0 : 2; }), 0);
  // The parent's pool has lost nothing.
  EXPECT_EQ(CopyOf(memory), full);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    EXPECT_EQ(pool->GetStats(algorithm).depth, 100u);
  }
}

TEST(KeyPoolMemoryTest, IsZerosAfterThePoolIsDestroyed) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              FakeEntropy entropy;
              std::unique_ptr<KeyPool> pool = NewFullPool(32, entropy);
              std::span<const uint8_t> memory = KeyPoolPeer::Memory(*pool);
              std::string full = CopyOf(memory);
              size_t mapped = memory.size() +
                              2 * static_cast<size_t>(sysconf(_SC_PAGESIZE));
              if (!RefuseSystemCall(SYS_munmap, 1,
                                    static_cast<uint32_t>(mapped), EPERM)) {
                return 2;
              }
              pool.reset();
              std::string nothing(memory.size(), '\0');
              return full != nothing && CopyOf(memory) == nothing ? 0 : 1;
            }),
            0);
}

// Lets this process lock no more than a byte, even if root runs it.
bool ForbidLocking() {
  rlimit limit = {.rlim_cur = 1, .rlim_max = 1};
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3,
                                     .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
         syscall(SYS_capset, &header, none) == 0;
}

TEST(KeyPoolMemoryTest, WorksWithMemoryThatCannotBeLocked) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!ForbidLocking()) return 2;
              FakeEntropy entropy;
              std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
              if (pool->memory_locked()) return 3;
              if (pool->GetStats(Algorithm::kEs256).depth != 8) return 4;
              if (TakeKeys(*pool, Algorithm::kEs256, 9).size() != 9) return 5;
              return pool->GetStats(Algorithm::kEs256).missed == 1 ? 0 : 6;
            }),
            0);
}

TEST(KeyPoolMemoryTest, KeepsNoKeysInMemoryThatAChildWouldInherit) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!RefuseSystemCall(SYS_madvise, 2, MADV_WIPEONFORK, EINVAL)) {
                return 2;
              }
              FakeEntropy entropy;
              std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
              if (pool->capacity() != 0) return 3;
              if (entropy.calls() != 0) return 4;
              if (TakeKeys(*pool, Algorithm::kEs256, 3).size() != 3) return 5;
              return pool->GetStats(Algorithm::kEs256).missed == 3 ? 0 : 6;
            }),
            0);
}

TEST(KeyPoolMemoryTest, FailsWithoutAThread) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!RefuseThreads()) return 2;
              FakeEntropy entropy;
              absl::StatusCode code =
                  KeyPool::New({.capacity = 8}, entropy).status().code();
              return code == absl::StatusCode::kResourceExhausted ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace proofmint::keys
