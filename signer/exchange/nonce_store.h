// NonceStore remembers the latest DPoP nonce of each server.

#ifndef PROOFMINT_SIGNER_EXCHANGE_NONCE_STORE_H_
#define PROOFMINT_SIGNER_EXCHANGE_NONCE_STORE_H_

#include <array>
#include <cstddef>
#include <list>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "signer/base/mutex.h"

namespace proofmint {

// NonceIssuer says which of a provider's servers issues a nonce: they differ,
// even on one host (RFC 9449 section 9).
enum class NonceIssuer { kAuthorizationServer, kResourceServer };

// NonceKey says where a nonce is valid. Some providers issue a nonce to one
// client only, so the client is part of it.
struct NonceKey {
  std::string issuer = "";
  std::string client_id = "";
  NonceIssuer from = NonceIssuer::kAuthorizationServer;

  bool operator==(const NonceKey&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const NonceKey& key) {
    return H::combine(std::move(h), key.issuer, key.client_id, key.from);
  }
};

// NonceStore holds the nonces of one process in memory, each for as long as it
// is among the most recently used: a stale nonce costs one challenge, as no
// nonce does. Other processes learn theirs by a challenge of their own.
//
// Thread-safe. Keys are spread over shards with a lock each.
class NonceStore {
 public:
  static constexpr size_t kShards = 16;

  // Holds at least `capacity` nonces if they spread evenly, and never more than
  // `capacity` rounded up to a multiple of kShards: some 10 MB at worst for the
  // default. Over that, the nonce of a shard that was used least recently goes.
  explicit NonceStore(size_t capacity = 16384);

  NonceStore(const NonceStore&) = delete;
  NonceStore& operator=(const NonceStore&) = delete;

  // Returns the nonce of `key`; empty if there is none.
  std::string Get(const NonceKey& key);

  // Stores `nonce`, which replaces that of `key`. Ignores a nonce that
  // dpop::ValidateNonce refuses, so that none gets into a proof.
  void Put(const NonceKey& key, absl::string_view nonce);

  // Forgets the nonce of `key` if it still is `if_still`: another login may
  // have stored a newer one meanwhile.
  void Forget(const NonceKey& key, absl::string_view if_still);

 private:
  struct Entry {
    NonceKey key;
    std::string nonce;
  };

  struct Shard {
    base::Mutex mutex;
    // The entry that was used most recently comes first.
    std::list<Entry> entries ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<NonceKey, std::list<Entry>::iterator> by_key
        ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(const NonceKey& key);

  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_NONCE_STORE_H_
