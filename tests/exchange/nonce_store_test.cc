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
        std::string(513, 'n')}) {
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

TEST(NonceStoreTest, DropsTheOneThatWasUsedLeastRecently) {
  NonceStore store(NonceStore::kShards);  // One in each shard.
  store.Put(Key(0), "first");
  int other = 1;  // The first key that falls into the shard of key 0.
  while (true) {
    store.Put(Key(other), "second");
    if (store.Get(Key(0)).empty()) break;
    ++other;
  }
  EXPECT_EQ(store.Get(Key(other)), "second");
}

TEST(NonceStoreTest, AUseKeepsANonce) {
  NonceStore store(2 * NonceStore::kShards);
  store.Put(Key(0), "kept");
  for (int i = 1; i < 10'000; ++i) {
    store.Put(Key(i), "nonce");
    ASSERT_EQ(store.Get(Key(0)), "kept") << i;
  }
  store.Put(Key(0), "changed");
  for (int i = 1; i < 10'000; ++i) {
    store.Put(Key(i), "nonce");
    store.Put(Key(0), "changed");
  }
  EXPECT_EQ(store.Get(Key(0)), "changed");
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
