// Generates keys, signs and verifies with ECDSA on P-256 with SHA-256: the
// "ES256" of RFC 7518 section 3.4.

#ifndef PROOFMINT_SIGNER_CRYPTO_P256_H_
#define PROOFMINT_SIGNER_CRYPTO_P256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/sha2.h"

namespace proofmint::crypto {

inline constexpr size_t kP256ScalarSize = 32;      // bytes, big-endian
inline constexpr size_t kP256CoordinateSize = 32;  // bytes, big-endian
inline constexpr size_t kP256SignatureSize = 64;   // bytes, r then s

// P256PublicKey is an affine point. Both coordinates always have their full
// size: leading zero bytes, which one key in 128 has, are kept (RFC 7518
// section 6.2.1.2).
struct P256PublicKey {
  std::array<uint8_t, kP256CoordinateSize> x;
  std::array<uint8_t, kP256CoordinateSize> y;
};

// P256KeyPair is a private scalar d in [1, n-1] and its point d*G. Movable, not
// copyable.
struct P256KeyPair {
  SecretBytes<kP256ScalarSize> private_scalar;
  P256PublicKey public_key;
};

// GenerateP256KeyPair draws a uniform scalar by rejection (FIPS 186-5 A.2.2).
// Fails as `entropy` does, and with UNAVAILABLE if none of 8 draws is a valid
// scalar, which with a sound source has a probability of 2^-256.
absl::StatusOr<P256KeyPair> GenerateP256KeyPair(Entropy& entropy);

// P256KeyPairFromScalar returns the key pair of a given scalar. Fails with
// INVALID_ARGUMENT unless it lies in [1, n-1].
absl::StatusOr<P256KeyPair> P256KeyPairFromScalar(
    std::span<const uint8_t, kP256ScalarSize> private_scalar);

// SignEs256 writes r and s of the ECDSA signature over `digest`, each 32 bytes
// big-endian. The nonce is hedged: BoringSSL derives it from fresh random bytes
// mixed with the key and the digest. Fails with UNAVAILABLE if BoringSSL cannot
// allocate memory, and with WipedKeyError if the key was wiped; `signature` is
// then unspecified.
absl::Status SignEs256(const P256KeyPair& key, const Sha256Digest& digest,
                       std::span<uint8_t, kP256SignatureSize> signature);

// VerifyEs256 tells whether `signature` is valid for `digest`. It is not if the
// public key is no point of the curve. Not constant time: all inputs are
// public.
bool VerifyEs256(const P256PublicKey& public_key, const Sha256Digest& digest,
                 std::span<const uint8_t, kP256SignatureSize> signature);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_H_
