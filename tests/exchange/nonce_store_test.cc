#include "signer/exchange/nonce_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/thread.h"

namespace proofmint {
namespace {

NonceKey Key(int number) {
  return {"https://idp.example", absl::StrCat("client-", number),
          NonceIssuer::kAuthorizationServer};
}

int CountOf(NonceStore& store, int keys) {
  int count = 0;
  for (int i = 0; i < keys; ++i) count += !store.Get(Key(i)).empty();
  return count;
}

TEST(NonceStoreTest, ReturnsTheLastNonce) {
  NonceStore store;
  EXPECT_EQ(store.Get(Key(1)), "");
  store.Put(Key(1), "a");
  store.Put(Key(1), "b");
  EXPECT_EQ(store.Get(Key(1)), "b");
}

TEST(NonceStoreTest, KeepsIssuersClientsAndServersApart) {
  NonceStore store;
  const NonceKey key = {"https://idp.example", "client",
                        NonceIssuer::kAuthorizationServer};
  store.Put(key, "nonce");
  EXPECT_EQ(store.Get({"https://idp.exampl", "eclient", key.from}), "");
  EXPECT_EQ(store.Get({key.issuer, "client2", key.from}), "");
  EXPECT_EQ(
      store.Get({key.issuer, key.client_id, NonceIssuer::kResourceServer}), "");
  EXPECT_EQ(store.Get(key), "nonce");
}

TEST(NonceStoreTest, IgnoresWhatIsNoNonce) {
  NonceStore store;
  store.Put(Key(1), "good");
  for (const std::string& nonce :
       {std::string(), std::string("a b"), std::string("a\"b"),
        std::string(1537, 'n')}) {
    store.Put(Key(1), nonce);
  }
  EXPECT_EQ(store.Get(Key(1)), "good");
}

TEST(NonceStoreTest, ForgetsANonceOnlyIfItIsStillThere) {
  NonceStore store;
  store.Put(Key(1), "new");
  store.Forget(Key(1), "old");
  EXPECT_EQ(store.Get(Key(1)), "new");
  store.Forget(Key(1), "new");
  EXPECT_EQ(store.Get(Key(1)), "");
  store.Forget(Key(1), "new");
  store.Forget(Key(2), "new");
  store.Put(Key(1), "next");
  EXPECT_EQ(store.Get(Key(1)), "next");
}

TEST(NonceStoreTest, HoldsNoMoreThanItsCapacity) {
  NonceStore store(64);
  for (int i = 0; i < 10'000; ++i) store.Put(Key(i), "nonce");
  EXPECT_EQ(CountOf(store, 10'000), 64);
}

TEST(NonceStoreTest, CapacityIsRoundedUpToAllShards) {
  NonceStore one(1);
  for (int i = 0; i < 10'000; ++i) one.Put(Key(i), "nonce");
  EXPECT_EQ(CountOf(one, 10'000), static_cast<int>(NonceStore::kShards));
  NonceStore none(0);
  none.Put(Key(1), "nonce");
  EXPECT_EQ(none.Get(Key(1)), "");
}

// Returns keys that fall into one shard: each drives the one before it out of a
// store with one nonce in each shard.
std::vector<NonceKey> KeysOfOneShard(size_t count) {
  NonceStore store(NonceStore::kShards);
  std::vector<NonceKey> keys = {Key(0)};
  store.Put(keys.back(), "nonce");
  for (int i = 1; keys.size() < count; ++i) {
    store.Put(Key(i), "nonce");
    if (store.Get(keys.back()).empty()) keys.push_back(Key(i));
  }
  return keys;
}

class LeastRecentlyUsedTest : public ::testing::Test {
 protected:
  LeastRecentlyUsedTest() {
    store_.Put(keys_[0], "a");
    store_.Put(keys_[1], "b");
  }

  const std::vector<NonceKey> keys_ = KeysOfOneShard(3);
  NonceStore store_{2 * NonceStore::kShards};  // Two in each shard.
};

TEST_F(LeastRecentlyUsedTest, TheOldestGoes) {
  store_.Put(keys_[2], "c");
  EXPECT_EQ(store_.Get(keys_[0]), "");
  EXPECT_EQ(store_.Get(keys_[1]), "b");
  EXPECT_EQ(store_.Get(keys_[2]), "c");
}

TEST_F(LeastRecentlyUsedTest, ReadingANonceKeepsIt) {
  EXPECT_EQ(store_.Get(keys_[0]), "a");
  store_.Put(keys_[2], "c");
  EXPECT_EQ(store_.Get(keys_[0]), "a");
  EXPECT_EQ(store_.Get(keys_[1]), "");
}

TEST_F(LeastRecentlyUsedTest, ReplacingANonceKeepsTheNewOne) {
  store_.Put(keys_[0], "a2");
  store_.Put(keys_[2], "c");
  EXPECT_EQ(store_.Get(keys_[0]), "a2");
  EXPECT_EQ(store_.Get(keys_[1]), "");
}

TEST_F(LeastRecentlyUsedTest, ForgettingANonceMakesRoom) {
  store_.Forget(keys_[1], "b");
  store_.Put(keys_[2], "c");
  EXPECT_EQ(store_.Get(keys_[0]), "a");
}

TEST(NonceStoreTest, ThreadsShareIt) {
  NonceStore store(64);
  std::vector<base::Thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(base::Thread::Start("nonces", [&store, t] {
                        for (int i = 0; i < 2000; ++i) {
                          const NonceKey key = Key(i % 100);
                          store.Put(key, absl::StrCat("nonce-", t));
                          const std::string nonce = store.Get(key);
                          if (i % 7 == 0) store.Forget(key, nonce);
                        }
                      }).value());
  }
  for (base::Thread& thread : threads) thread.Join();
  EXPECT_LE(CountOf(store, 100), 64);
}

}  // namespace
}  // namespace proofmint
