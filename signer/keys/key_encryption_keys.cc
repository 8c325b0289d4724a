#include "signer/keys/key_encryption_keys.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/sha2.h"

namespace proofmint::keys {
namespace {

// Hashed before the key, so that the hash is of no use for anything else.
constexpr char kIdLabel[] = "proofmint kek id v1";

}  // namespace

KekId IdOf(const Kek& kek) {
  constexpr size_t kLabelSize = sizeof(kIdLabel);  // with the zero that ends it
  crypto::SecretBytes<kLabelSize + kKekSize> message;
  std::span<uint8_t> bytes = message.ExposeSecret();
  std::memcpy(bytes.data(), kIdLabel, kLabelSize);
  std::span<const uint8_t> key = kek.ExposeSecret();
  std::copy(key.begin(), key.end(), bytes.begin() + kLabelSize);
  const crypto::Sha256Digest digest =
      crypto::RunAndWipeStack([&] { return crypto::Sha256(bytes); });
  KekId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

absl::StatusOr<Kek> GenerateKek(crypto::Entropy& entropy) {
  Kek kek;
  PROOFMINT_RETURN_IF_ERROR(entropy.Fill(kek.ExposeSecret()));
  return kek;
}

absl::StatusOr<std::unique_ptr<const KeyEncryptionKeys>> KeyEncryptionKeys::New(
    std::span<const Kek> keks) {
  ABSL_RAW_CHECK(!keks.empty() && keks.size() <= kMaxKeks, "number of KEKs");
  PROOFMINT_ASSIGN_OR_RETURN(LockedArena arena,
                             LockedArena::New(keks.size() * sizeof(Key)));
  return std::unique_ptr<const KeyEncryptionKeys>(
      new KeyEncryptionKeys(std::move(arena), keks));
}

KeyEncryptionKeys::KeyEncryptionKeys(LockedArena arena,
                                     std::span<const Kek> keks)
    : arena_(std::move(arena)),
      keys_(reinterpret_cast<Key*>(arena_.bytes().data()), keks.size()) {
  std::uninitialized_copy(keks.begin(), keks.end(), keys_.begin());
}

KeyEncryptionKeys::~KeyEncryptionKeys() {
  std::destroy(keys_.begin(), keys_.end());
}

const KeyEncryptionKeys::Key* KeyEncryptionKeys::Find(const KekId& id) const {
  auto it = std::find_if(keys_.begin(), keys_.end(),
                         [&](const Key& key) { return key.id == id; });
  return it == keys_.end() ? nullptr : &*it;
}

bool KeyEncryptionKeys::AreThoseOf(std::span<const Kek> keks) const {
  return std::equal(
      keys_.begin(), keys_.end(), keks.begin(), keks.end(),
      [](const Key& key, const Kek& kek) { return key.id == IdOf(kek); });
}

}  // namespace proofmint::keys
