#include "signer/keys/key_handles.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/secret.h"
#include "signer/keys/kek_file.h"
#include "signer/keys/key_handle.h"

namespace proofmint::keys {
namespace {

using SharedKeks = std::shared_ptr<const KeyEncryptionKeys>;

// FirstKeks and OtherKeks copy raw KEKs. Both are called by RunAndWipeStack, so
// that no copy outlives them, neither on the stack nor in a register, which the
// next thread that is started would inherit.

absl::StatusOr<SharedKeks> FirstKeks(const std::string& file,
                                     crypto::Entropy& entropy) {
  if (!file.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(std::vector<Kek> keks, ReadKekFile(file));
    return KeyEncryptionKeys::New(keks);
  }
  PROOFMINT_ASSIGN_OR_RETURN(Kek kek, GenerateKek(entropy));
  return KeyEncryptionKeys::New({&kek, 1});
}

// Returns null if the file holds the `current` keys.
absl::StatusOr<SharedKeks> OtherKeks(const std::string& file,
                                     const KeyEncryptionKeys& current) {
  PROOFMINT_ASSIGN_OR_RETURN(std::vector<Kek> keks, ReadKekFile(file));
  if (current.AreThoseOf(keks)) return nullptr;
  return KeyEncryptionKeys::New(keks);
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyHandles>> KeyHandles::New(
    const KeyHandlesOptions& options, crypto::Entropy& entropy) {
  if (options.ttl < absl::Seconds(1) || options.ttl > kMaxKeyHandleTtl) {
    return absl::InvalidArgumentError(
        absl::StrCat("key_handle_ttl: got ", absl::FormatDuration(options.ttl),
                     ", want 1s to ", absl::FormatDuration(kMaxKeyHandleTtl)));
  }
  PROOFMINT_ASSIGN_OR_RETURN(SharedKeks first, crypto::RunAndWipeStack([&] {
                               return FirstKeks(options.kek_file, entropy);
                             }));
  return std::unique_ptr<KeyHandles>(
      new KeyHandles(options, entropy, std::move(first)));
}

absl::Status KeyHandles::Seal(const dpop::ProofKey& key,
                              dpop::Algorithm algorithm,
                              absl::string_view caller, absl::Time now,
                              std::string& handle) const {
  return SealKeyHandle(*keks(), key, algorithm, caller, now + options_.ttl,
                       entropy_, handle);
}

absl::StatusOr<dpop::ProofKey> KeyHandles::Open(absl::string_view handle,
                                                dpop::Algorithm algorithm,
                                                absl::string_view caller,
                                                absl::Time now) const {
  return crypto::RunAndWipeStack(
      [&] { return OpenKeyHandle(*keks(), handle, algorithm, caller, now); });
}

absl::StatusOr<bool> KeyHandles::Reload() {
  if (options_.kek_file.empty()) return false;
  PROOFMINT_ASSIGN_OR_RETURN(SharedKeks next, crypto::RunAndWipeStack([&] {
                               return OtherKeks(options_.kek_file, *keks());
                             }));
  if (next == nullptr) return false;
  base::MutexLock lock(mutex_);
  keks_.swap(next);
  return true;
}

bool KeyHandles::memory_locked() const { return keks()->memory_locked(); }

std::shared_ptr<const KeyEncryptionKeys> KeyHandles::keks() const {
  base::MutexLock lock(mutex_);
  return keks_;
}

}  // namespace proofmint::keys
