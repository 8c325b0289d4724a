#include "signer/exchange/nonce_store.h"

#include <utility>

#include "absl/hash/hash.h"
#include "signer/dpop/syntax.h"

namespace proofmint {

NonceStore::NonceStore(size_t capacity)
    : shard_capacity_((capacity + kShards - 1) / kShards) {}

NonceStore::Shard& NonceStore::ShardOf(const NonceKey& key) {
  // The maps inside the shards use the lower bits.
  return shards_[(absl::Hash<NonceKey>()(key) >> 32) % kShards];
}

std::string NonceStore::Get(const NonceKey& key) {
  Shard& shard = ShardOf(key);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return "";
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->nonce;
}

void NonceStore::Put(const NonceKey& key, absl::string_view nonce) {
  if (shard_capacity_ == 0 || !dpop::ValidateNonce(nonce).ok()) return;
  Shard& shard = ShardOf(key);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found != shard.by_key.end()) {
    shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
    found->second->nonce = std::string(nonce);
    return;
  }
  if (shard.entries.size() == shard_capacity_) {
    shard.by_key.erase(shard.entries.back().key);
    shard.entries.pop_back();
  }
  shard.entries.push_front({key, std::string(nonce)});
  shard.by_key.emplace(key, shard.entries.begin());
}

void NonceStore::Forget(const NonceKey& key, absl::string_view if_still) {
  Shard& shard = ShardOf(key);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end() || found->second->nonce != if_still) return;
  shard.entries.erase(found->second);
  shard.by_key.erase(found);
}

}  // namespace proofmint
