// Many P-256 keys and ES256 signatures at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_

#include <span>

#include "absl/status/status.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/p256.h"

namespace proofmint::crypto {

// GenerateP256KeyPairs fills `keys`, any number of them, with fresh key pairs:
// uniform scalars by rejection, as GenerateP256KeyPair. Fails as that function
// does; the keys are then unspecified and must not be used. Thread-safe.
absl::Status GenerateP256KeyPairs(Kernel kernel, Entropy& entropy,
                                  std::span<P256KeyPair> keys);

// Es256Job is one signature to make: `digest` signed with `key` into
// `signature`, kP256SignatureSize bytes, r then s. All are borrowed.
struct Es256Job {
  const P256KeyPair* key;
  Sha256Digest digest;
  uint8_t* signature;
};

// SignEs256Batch does all of `jobs`, any number of them. With the kernel kSimd
// the nonces are hedged: SHA-512 over the private scalar, the digest and 32
// fresh random bytes, reduced modulo n, so that they stay secret and distinct
// for distinct messages even if the random bytes should repeat. They exist only
// inside this call. Fails as `entropy` does, with UNAVAILABLE, or with
// FAILED_PRECONDITION if a key has been wiped; the signatures are then
// unspecified. Thread-safe.
absl::Status SignEs256Batch(Kernel kernel, Entropy& entropy,
                            std::span<const Es256Job> jobs);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_BATCH_H_
