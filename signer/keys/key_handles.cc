#include "signer/keys/key_handles.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/keys/kek_file.h"
#include "signer/keys/key_handle.h"

namespace proofmint::keys {
namespace {

absl::StatusOr<std::vector<Kek>> FirstKeks(const std::string& file,
                                           crypto::Entropy& entropy) {
  if (!file.empty()) return ReadKekFile(file);
  std::vector<Kek> keks(1);
  PROOFMINT_ASSIGN_OR_RETURN(keks[0], GenerateKek(entropy));
  return keks;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyHandles>> KeyHandles::New(
    const KeyHandlesOptions& options, crypto::Entropy& entropy) {
  if (options.ttl < absl::Seconds(1) || options.ttl > kMaxKeyHandleTtl) {
    return absl::InvalidArgumentError(
        absl::StrCat("key_handle_ttl: got ", absl::FormatDuration(options.ttl),
                     ", want 1s to ", absl::FormatDuration(kMaxKeyHandleTtl)));
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::vector<Kek> keks,
                             FirstKeks(options.kek_file, entropy));
  PROOFMINT_ASSIGN_OR_RETURN(std::shared_ptr<const KeyEncryptionKeys> first,
                             KeyEncryptionKeys::New(keks));
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
  return OpenKeyHandle(*keks(), handle, algorithm, caller, now);
}

absl::StatusOr<bool> KeyHandles::Reload() {
  if (options_.kek_file.empty()) return false;
  PROOFMINT_ASSIGN_OR_RETURN(std::vector<Kek> keks,
                             ReadKekFile(options_.kek_file));
  if (this->keks()->AreThoseOf(keks)) return false;
  PROOFMINT_ASSIGN_OR_RETURN(std::shared_ptr<const KeyEncryptionKeys> next,
                             KeyEncryptionKeys::New(keks));
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
