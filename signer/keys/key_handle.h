// Seals private keys into handles that callers keep, and opens them again.

#ifndef PROOFMINT_SIGNER_KEYS_KEY_HANDLE_H_
#define PROOFMINT_SIGNER_KEYS_KEY_HANDLE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/key_encryption_keys.h"

namespace proofmint::keys {

// The size of every handle, in bytes:
//   version 1 | algorithm 1 | expiry 8 | KEK id 8 | nonce 12 | sealed 32 + 16
// Numbers are big-endian, the expiry is in seconds since 1970. What is before
// the nonce is authenticated with the sealed private key, and so is the
// caller's identity, which the handle does not contain.
inline constexpr size_t kKeyHandleSize = 78;

// SealKeyHandle appends a handle of `key` to `handle`. `caller` may be any
// bytes; `expiry` is rounded up to a second. Fails, and then appends nothing,
// as `entropy` does, and as WipedKeyError if the key, or the KEK in a forked
// child, is gone.
absl::Status SealKeyHandle(const KeyEncryptionKeys& keks,
                           const dpop::ProofKey& key, dpop::Algorithm algorithm,
                           absl::string_view caller, absl::Time expiry,
                           crypto::Entropy& entropy, std::string& handle);

// OpenKeyHandle returns the key of a handle that was sealed with one of `keks`
// for the same algorithm and caller, and that expires after `now`. Fails in all
// other cases with one and the same INVALID_ARGUMENT. How long that takes
// depends on what the caller knows anyway: the handle's size, its version,
// algorithm, expiry and KEK id, and the size of `caller`.
absl::StatusOr<dpop::ProofKey> OpenKeyHandle(const KeyEncryptionKeys& keks,
                                             absl::string_view handle,
                                             dpop::Algorithm algorithm,
                                             absl::string_view caller,
                                             absl::Time now);

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEY_HANDLE_H_
