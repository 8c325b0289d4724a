// Gives tests access to what a KeyPool keeps private.

#ifndef PROOFMINT_TESTS_KEYS_KEY_POOL_PEER_H_
#define PROOFMINT_TESTS_KEYS_KEY_POOL_PEER_H_

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "signer/base/mutex.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/key_pool.h"

namespace proofmint::keys {

class KeyPoolPeer {
 public:
  // Returns all the memory that holds keys that are ready or are being
  // generated.
  static std::span<const uint8_t> Memory(const KeyPool& pool) {
    return pool.arena_.bytes();
  }
  static uint64_t RefillTurns(const KeyPool& pool) {
    base::MutexLock lock(pool.mutex_);
    return pool.refill_turns_;
  }
  static pthread_t RefillThread(const KeyPool& pool) {
    return pool.refill_thread_.handle();
  }
};

inline std::unique_ptr<KeyPool> NewPool(size_t capacity,
                                        crypto::Entropy& entropy) {
  return KeyPool::New({.capacity = capacity}, entropy).value();
}

inline std::unique_ptr<KeyPool> NewFullPool(size_t capacity,
                                            crypto::Entropy& entropy) {
  std::unique_ptr<KeyPool> pool = NewPool(capacity, entropy);
  pool->WaitUntilFull();
  return pool;
}

// Takes `count` keys at once; none if that fails.
inline std::vector<dpop::ProofKey> TakeKeys(KeyPool& pool,
                                            dpop::Algorithm algorithm,
                                            size_t count) {
  std::vector<dpop::ProofKey> keys(count);
  if (!pool.Take(algorithm, keys).ok()) keys.clear();
  return keys;
}

// Returns the distinct thumbprints of `keys`.
inline std::set<std::string> Thumbprints(std::span<const dpop::ProofKey> keys) {
  std::set<std::string> thumbprints;
  for (const dpop::ProofKey& key : keys) thumbprints.emplace(key.jkt());
  return thumbprints;
}

// Returns the 32 bytes of a private key.
inline std::string SecretOf(const dpop::ProofKey& key) {
  const auto* p256 = std::get_if<crypto::P256KeyPair>(&key.key_pair());
  std::span<const uint8_t, 32> secret =
      p256 != nullptr ? p256->private_scalar.ExposeSecret()
                      : std::get<crypto::Ed25519KeyPair>(key.key_pair())
                            .seed.ExposeSecret();
  return std::string(secret.begin(), secret.end());
}

}  // namespace proofmint::keys

#endif  // PROOFMINT_TESTS_KEYS_KEY_POOL_PEER_H_
