// Holds the keys that key handles are sealed with.

#ifndef PROOFMINT_SIGNER_KEYS_KEY_ENCRYPTION_KEYS_H_
#define PROOFMINT_SIGNER_KEYS_KEY_ENCRYPTION_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "signer/crypto/aes_gcm_siv.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/secret.h"
#include "signer/keys/locked_arena.h"

namespace proofmint::keys {

inline constexpr size_t kKekSize = crypto::kAesGcmSivKeySize;
inline constexpr size_t kKekIdSize = 8;  // bytes
inline constexpr size_t kMaxKeks = 16;

// Kek is a key-encryption key: 32 random bytes.
using Kek = crypto::SecretBytes<kKekSize>;

// KekId tells KEKs apart: the beginning of a hash of the key. Not secret.
using KekId = std::array<uint8_t, kKekIdSize>;

KekId IdOf(const Kek& kek);

// GenerateKek fails as `entropy` does.
absl::StatusOr<Kek> GenerateKek(crypto::Entropy& entropy);

// KeyEncryptionKeys is what seals and opens: the key schedules of one or
// several KEKs and their ids, in a LockedArena. In a forked child it opens and
// seals nothing.
//
// Immutable, and so thread-safe.
class KeyEncryptionKeys {
 public:
  struct Key {
    explicit Key(const Kek& kek) : id(IdOf(kek)), cipher(kek.ExposeSecret()) {}

    KekId id;
    crypto::AesGcmSiv cipher;
  };

  // Takes 1 to kMaxKeks keys, no two alike, the first of which seals; they stay
  // the caller's. Fails with RESOURCE_EXHAUSTED as LockedArena does.
  static absl::StatusOr<std::unique_ptr<const KeyEncryptionKeys>> New(
      std::span<const Kek> keks);

  ~KeyEncryptionKeys();
  KeyEncryptionKeys(const KeyEncryptionKeys&) = delete;
  KeyEncryptionKeys& operator=(const KeyEncryptionKeys&) = delete;

  const Key& sealing_key() const { return keys_.front(); }

  // Returns the key with that id; null if there is none.
  const Key* Find(const KekId& id) const;

  // Returns whether these are the keys of `keks`, in the same order.
  bool AreThoseOf(std::span<const Kek> keks) const;

  // Returns whether all of the memory is locked: never written to swap.
  bool memory_locked() const { return arena_.locked(); }

 private:
  KeyEncryptionKeys(LockedArena arena, std::span<const Kek> keks);

  const LockedArena arena_;
  const std::span<Key> keys_;  // in `arena_`
};

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEY_ENCRYPTION_KEYS_H_
