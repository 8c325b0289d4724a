// Generates many Ed25519 keys, and makes many signatures, at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_

#include <span>

#include "absl/status/status.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"

namespace proofmint::crypto {

// GenerateEd25519KeyPairs fills `keys`, any number of them, from random seeds.
// Fails as GenerateEd25519KeyPair does; the keys are then unspecified and must
// not be used.
// Thread-safe.
absl::Status GenerateEd25519KeyPairs(Kernel kernel, Entropy& entropy,
                                     std::span<Ed25519KeyPair> keys);

// Ed25519Job describes one signature: of `message`, with `key`, to be written
// to `signature`, which has room for kEd25519SignatureSize bytes (R, then S).
// All three are borrowed.
struct Ed25519Job {
  const Ed25519KeyPair* key;
  std::span<const uint8_t> message;
  uint8_t* signature;
};

// SignEd25519Batch makes the signatures of `jobs`, any number of them, by RFC
// 8032 section 5.1.6: they equal those of SignEd25519. Fails with UNAVAILABLE
// if BoringSSL cannot allocate memory, or with WipedKeyError if a key was
// wiped; the signatures are then unspecified. Thread-safe.
absl::Status SignEd25519Batch(Kernel kernel, std::span<const Ed25519Job> jobs);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_BATCH_H_
