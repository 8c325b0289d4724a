// Tests the refilling thread, and many threads that take keys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "signer/keys/key_pool.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/long_tests.h"
#include "tests/testing/sanitizers.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;
using proofmint::testing::CountOrLong;
using proofmint::testing::FakeEntropy;
using proofmint::testing::kHasSanitizer;

constexpr int kAlways = 1'000'000'000;
constexpr Algorithm kAlgorithm = Algorithm::kEd25519;

// Returns the directories of this process's threads in /proc.
std::set<std::string> Threads() {
  // ThreadSanitizer starts a thread of its own beside the first one. Only once,
  // as a thread that has been joined may still be listed.
  static std::once_flag first_thread;
  std::call_once(first_thread, [] { std::thread([] {}).join(); });
  std::set<std::string> threads;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/task")) {
    threads.insert(entry.path());
  }
  return threads;
}

// The directory of the one thread that a new pool has started.
std::string NewThread(const std::set<std::string>& before) {
  std::vector<std::string> added;
  for (const std::string& thread : Threads()) {
    if (!before.contains(thread)) added.push_back(thread);
  }
  EXPECT_EQ(added.size(), 1u);
  return added.size() == 1 ? added.front() : "";
}

// Returns the value of a line of /proc/.../status.
std::string StatusLine(const std::string& thread, const std::string& name) {
  std::ifstream file(thread + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

void WaitForDepth(const KeyPool& pool, size_t depth) {
  while (pool.GetStats(kAlgorithm).depth != depth) std::this_thread::yield();
}

void WaitForTurns(const KeyPool& pool, uint64_t turns) {
  while (KeyPoolPeer::RefillTurns(pool) < turns) std::this_thread::yield();
}

TEST(KeyPoolThreadsTest, RefillsWithOneThreadOfItsOwn) {
  std::set<std::string> before = Threads();
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
  std::string thread = NewThread(before);
  EXPECT_EQ(StatusLine(thread, "Name"), "key-pool");
  pool.reset();
  while (std::filesystem::exists(thread)) std::this_thread::yield();
}

TEST(KeyPoolThreadsTest, StartsNoThreadWithACapacityOfZero) {
  std::set<std::string> before = Threads();
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewPool(0, entropy);
  for (const std::string& thread : Threads()) {
    EXPECT_TRUE(before.contains(thread));
  }
}

TEST(KeyPoolThreadsTest, KeepsSignalsFromTheRefillingThreadAlone) {
  std::set<std::string> before = Threads();
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(8, entropy);
  uint64_t blocked =
      std::stoull(StatusLine(NewThread(before), "SigBlk"), nullptr, 16);
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGCHLD}) {
    EXPECT_TRUE(blocked >> (signal - 1) & 1) << signal;
    EXPECT_FALSE(sigismember(&own, signal)) << signal;
  }
}

TEST(KeyPoolThreadsTest, WakesTheRefillingThreadOnlyWhenHalfEmpty) {
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(64, entropy);
  for (int round = 0; round < 20; ++round) {
    uint64_t turns = KeyPoolPeer::RefillTurns(*pool);
    for (int i = 0; i < 31; ++i) TakeKeys(*pool, kAlgorithm, 1);
    std::this_thread::yield();
    EXPECT_EQ(pool->GetStats(kAlgorithm).depth, 33u);
    EXPECT_EQ(KeyPoolPeer::RefillTurns(*pool), turns);
    TakeKeys(*pool, kAlgorithm, 1);
    WaitForDepth(*pool, 64);
    // One turn that mints, and one that finds nothing more to do.
    WaitForTurns(*pool, turns + 2);
    EXPECT_EQ(KeyPoolPeer::RefillTurns(*pool), turns + 2);
  }
}

TEST(KeyPoolThreadsTest, SpendsNoCpuWhenFull) {
  std::set<std::string> before = Threads();
  FakeEntropy entropy;
  std::unique_ptr<KeyPool> pool = NewFullPool(1000, entropy);
  std::string thread = NewThread(before);
  while (!StatusLine(thread, "State").starts_with("S")) {
    std::this_thread::yield();
  }
  clockid_t clock;
  ASSERT_EQ(pthread_getcpuclockid(KeyPoolPeer::RefillThread(*pool), &clock), 0);
  timespec start = {};
  ASSERT_EQ(clock_gettime(clock, &start), 0);
  uint64_t turns = KeyPoolPeer::RefillTurns(*pool);
  for (int i = 0; i < 499; ++i) {
    TakeKeys(*pool, kAlgorithm, 1);
    std::this_thread::yield();
  }
  timespec end = {};
  ASSERT_EQ(clock_gettime(clock, &end), 0);
  EXPECT_EQ(start.tv_sec, end.tv_sec);
  EXPECT_EQ(start.tv_nsec, end.tv_nsec);
  EXPECT_EQ(KeyPoolPeer::RefillTurns(*pool), turns);
}

TEST(KeyPoolThreadsTest, RefillsAgainAfterAFailure) {
  FakeEntropy entropy;
  entropy.FailAfter(0, kAlways);
  std::unique_ptr<KeyPool> pool = NewFullPool(100, entropy);
  EXPECT_EQ(pool->GetStats(kAlgorithm).depth, 0u);
  entropy.FailAfter(0, 0);
  EXPECT_EQ(TakeKeys(*pool, kAlgorithm, 1).size(), 1u);
  WaitForDepth(*pool, 100);
}

TEST(KeyPoolThreadsTest, TriesOnceForEachTakeWhileItsEntropyFails) {
  FakeEntropy entropy;
  entropy.FailAfter(0, kAlways);
  std::unique_ptr<KeyPool> pool = NewFullPool(100, entropy);
  int calls = entropy.calls();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(TakeKeys(*pool, kAlgorithm, 1).empty());
    std::this_thread::yield();
  }
  EXPECT_LE(entropy.calls(), calls + 200);
}

TEST(KeyPoolThreadsTest, DestroysAPoolThatIsStillFilling) {
  FakeEntropy entropy;
  for (int i = 0; i < 20; ++i) NewPool(1000, entropy);
}

// 60 bits of a thumbprint would do; 96 leave no doubt.
using Fingerprint = std::array<char, 16>;

TEST(KeyPoolThreadsTest, NeverHandsOutAKeyTwice) {
  constexpr size_t kThreads = 16;
  const auto takes = static_cast<size_t>(
      CountOrLong(kHasSanitizer ? 2'000 : 20'000, 1'000'000));
  std::unique_ptr<crypto::Entropy> entropy = crypto::NewSystemEntropy().value();
  std::unique_ptr<KeyPool> pool =
      KeyPool::New({.kernel = crypto::DefaultKernel(), .capacity = 1024},
                   *entropy)
          .value();
  pool->WaitUntilFull();
  std::array<std::vector<Fingerprint>, kThreads> taken;
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::vector<ProofKey> keys(5);
        taken[t].reserve(takes);
        while (taken[t].size() < takes) {
          // Mostly one key, now and then several.
          size_t size = taken[t].size() % 11 == 0 ? keys.size() : 1;
          size = std::min(size, takes - taken[t].size());
          if (!pool->Take(kAlgorithm, std::span(keys).first(size)).ok()) return;
          for (const ProofKey& key : std::span(keys).first(size)) {
            std::copy_n(key.jkt().begin(), sizeof(Fingerprint),
                        taken[t].emplace_back().begin());
          }
        }
      });
    }
  }
  std::vector<Fingerprint> all;
  all.reserve(kThreads * takes);
  for (std::vector<Fingerprint>& part : taken) {
    all.insert(all.end(), part.begin(), part.end());
    part = {};
  }
  EXPECT_EQ(all.size(), kThreads * takes);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  KeyPool::Stats stats = pool->GetStats(kAlgorithm);
  EXPECT_EQ(stats.pooled + stats.missed, kThreads * takes);
  EXPECT_GE(stats.pooled, 1024u);
  RecordProperty("pooled", std::to_string(stats.pooled));
}

}  // namespace
}  // namespace proofmint::keys
