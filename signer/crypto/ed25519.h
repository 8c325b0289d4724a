// Generates keys, signs and verifies with Ed25519 (RFC 8032 section 5.1): pure
// Ed25519, without prehash or context.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/secret.h"

namespace proofmint::crypto {

inline constexpr size_t kEd25519SeedSize = 32;       // bytes
inline constexpr size_t kEd25519PublicKeySize = 32;  // bytes
inline constexpr size_t kEd25519SignatureSize = 64;  // bytes, R then S

using Ed25519PublicKey = std::array<uint8_t, kEd25519PublicKeySize>;

// Ed25519KeyPair is a seed (the private key of RFC 8032 section 5.1.5) and the
// public key, an encoded point. Movable, not copyable.
struct Ed25519KeyPair {
  SecretBytes<kEd25519SeedSize> seed;
  Ed25519PublicKey public_key;
};

// GenerateEd25519KeyPair draws a random seed. Fails as `entropy` does, and as
// ZeroSeedError.
absl::StatusOr<Ed25519KeyPair> GenerateEd25519KeyPair(Entropy& entropy);

// ZeroSeedError returns UNAVAILABLE, the error of a seed of zeros, which cannot
// be told from one that was wiped. With a sound source it has a probability of
// 2^-256.
absl::Status ZeroSeedError();

// Ed25519KeyPairFromSeed returns the key pair of a given seed. Every seed is
// valid by RFC 8032; signing with a seed of zeros fails as WipedKeyError.
Ed25519KeyPair Ed25519KeyPairFromSeed(
    std::span<const uint8_t, kEd25519SeedSize> seed);

// SignEd25519 writes the deterministic signature over `message`. Fails with
// UNAVAILABLE if BoringSSL cannot allocate memory, and with WipedKeyError if
// the key was wiped; `signature` is then unspecified.
absl::Status SignEd25519(const Ed25519KeyPair& key,
                         std::span<const uint8_t> message,
                         std::span<uint8_t, kEd25519SignatureSize> signature);

// VerifyEd25519 tells whether `signature` is valid for `message`. Not constant
// time: all inputs are public.
bool VerifyEd25519(const Ed25519PublicKey& public_key,
                   std::span<const uint8_t> message,
                   std::span<const uint8_t, kEd25519SignatureSize> signature);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_H_
