// Generates many P-256 keys, and makes many ES256 signatures, at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_

#include <span>

#include "absl/status/status.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/p256.h"

namespace proofmint::crypto {

// GenerateP256KeyPairs fills `keys`, any number of them, with fresh key pairs.
// It draws uniform scalars by rejection, as GenerateP256KeyPair does, and fails
// as that function does; the keys are then unspecified and must not be used.
// Thread-safe.
absl::Status GenerateP256KeyPairs(Kernel kernel, Entropy& entropy,
                                  std::span<P256KeyPair> keys);

// Es256Job describes one signature: of `digest`, with `key`, to be written to
// `signature`, which has room for kP256SignatureSize bytes (r, then s). The key
// and the signature are borrowed.
struct Es256Job {
  const P256KeyPair* key;
  Sha256Digest digest;
  uint8_t* signature;
};

// SignEs256Batch makes the signatures of `jobs`, any number of them. With
// Kernel::kSimd the nonces are hedged: a nonce is SHA-512 over the private
// scalar, the digest and 32 fresh random bytes, reduced modulo n. So nonces
// stay secret, and differ for different messages, even if the random bytes
// repeat. They are wiped before it returns. Fails as `entropy` does, with
// UNAVAILABLE if no attempt gave usable nonces or BoringSSL cannot allocate
// memory, or with WipedKeyError if a key was wiped; the signatures are then
// unspecified. Thread-safe.
absl::Status SignEs256Batch(Kernel kernel, Entropy& entropy,
                            std::span<const Es256Job> jobs);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_
