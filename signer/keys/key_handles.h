// Seals and opens key handles with KEKs that can be reloaded while calls are
// served.

#ifndef PROOFMINT_SIGNER_KEYS_KEY_HANDLES_H_
#define PROOFMINT_SIGNER_KEYS_KEY_HANDLES_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/key_encryption_keys.h"

namespace proofmint::keys {

inline constexpr absl::Duration kMaxKeyHandleTtl = absl::Hours(24 * 366);

struct KeyHandlesOptions {
  // See ReadKekFile. Empty: a random key that ends with this object, and the
  // handles with it.
  std::string kek_file = "";
  // How long a new handle can be used at least, 1 s to kMaxKeyHandleTtl; at
  // most it is a second longer, because a handle's expiry is a whole second.
  absl::Duration ttl = absl::Hours(24);
};

// KeyHandles seals private keys for callers to keep, and opens them again. The
// first KEK of the file seals and all of them open, here and in every other
// process with the same file: see docs/key-handles.md.
//
// Thread-safe, but for Reload. In a forked child it seals and opens nothing.
class KeyHandles {
 public:
  // Fails as ReadKekFile does, as `entropy` does, with RESOURCE_EXHAUSTED if
  // memory for keys cannot be had, and with INVALID_ARGUMENT for a ttl outside
  // its limits. `entropy` must outlive the object.
  static absl::StatusOr<std::unique_ptr<KeyHandles>> New(
      const KeyHandlesOptions& options, crypto::Entropy& entropy);

  KeyHandles(const KeyHandles&) = delete;
  KeyHandles& operator=(const KeyHandles&) = delete;

  // Appends a handle of kKeyHandleSize bytes to `handle`, for this caller and
  // algorithm alone, which expires after the ttl. Fails as SealKeyHandle: given
  // a key that has its secret, only as `entropy` does.
  absl::Status Seal(const dpop::ProofKey& key, dpop::Algorithm algorithm,
                    absl::string_view caller, absl::Time now,
                    std::string& handle) const;

  // Returns the key of a handle. See OpenKeyHandle: every refusal is one and
  // the same INVALID_ARGUMENT.
  absl::StatusOr<dpop::ProofKey> Open(absl::string_view handle,
                                      dpop::Algorithm algorithm,
                                      absl::string_view caller,
                                      absl::Time now) const;

  // Reads the file again, following its symbolic links anew, and takes over its
  // keys. Returns whether they were others, or in another order; never without
  // a file. After an error, as of New, the old keys stay in use. It blocks for
  // the file system; other threads seal and open meanwhile. Not thread-safe:
  // one thread at a time may reload.
  absl::StatusOr<bool> Reload();

  // Returns whether the KEKs are in memory that is never written to swap.
  bool memory_locked() const;

 private:
  KeyHandles(const KeyHandlesOptions& options, crypto::Entropy& entropy,
             std::shared_ptr<const KeyEncryptionKeys> keks)
      : options_(options), entropy_(entropy), keks_(std::move(keks)) {}

  // Returns the current KEKs, which live for as long as a call uses them.
  std::shared_ptr<const KeyEncryptionKeys> keks() const;

  const KeyHandlesOptions options_;
  crypto::Entropy& entropy_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const KeyEncryptionKeys> keks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEY_HANDLES_H_
