// Many Ed25519 keys and signatures at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_

#include <span>

#include "absl/status/status.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"

namespace proofmint::crypto {

// GenerateEd25519KeyPairs fills `keys`, any number of them, from random seeds.
// Fails as `entropy` does; the keys are then unspecified and must not be used.
// Thread-safe.
absl::Status GenerateEd25519KeyPairs(Kernel kernel, Entropy& entropy,
                                     std::span<Ed25519KeyPair> keys);

// Ed25519Job is one signature to make: `message` signed with `key` into
// `signature`, kEd25519SignatureSize bytes, R then S. All are borrowed.
struct Ed25519Job {
  const Ed25519KeyPair* key;
  std::span<const uint8_t> message;
  uint8_t* signature;
};

// SignEd25519Batch does all of `jobs`, any number of them, as RFC 8032 section
// 5.1.6 says: the signatures are those of SignEd25519. Fails with UNAVAILABLE
// if BoringSSL cannot allocate, or with FAILED_PRECONDITION if a key has been
// wiped; the signatures are then unspecified. Thread-safe.
absl::Status SignEd25519Batch(Kernel kernel, std::span<const Ed25519Job> jobs);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_
