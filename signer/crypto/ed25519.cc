#include "signer/crypto/ed25519.h"

#include <openssl/curve25519.h>
#include <openssl/err.h>

#include <algorithm>

#include "signer/base/status_macros.h"

namespace proofmint::crypto {

static_assert(kEd25519SignatureSize == ED25519_SIGNATURE_LEN);
static_assert(kEd25519PublicKeySize == ED25519_PUBLIC_KEY_LEN);

absl::StatusOr<Ed25519KeyPair> GenerateEd25519KeyPair(Entropy& entropy) {
  SecretBytes<kEd25519SeedSize> seed;
  PROOFMINT_RETURN_IF_ERROR(entropy.Fill(seed.ExposeSecret()));
  if (seed.IsWiped()) return ZeroSeedError();
  return Ed25519KeyPairFromSeed(seed.ExposeSecret());
}

absl::Status ZeroSeedError() {
  return absl::UnavailableError("ed25519: the entropy source gave zeros");
}

Ed25519KeyPair Ed25519KeyPairFromSeed(
    std::span<const uint8_t, kEd25519SeedSize> seed) {
  Ed25519KeyPair key = {SecretBytes<kEd25519SeedSize>(seed), {}};
  SecretBytes<ED25519_PRIVATE_KEY_LEN> expanded;
  RunAndWipeStack([&] {
    ED25519_keypair_from_seed(key.public_key.data(),
                              expanded.ExposeSecret().data(), seed.data());
  });
  return key;
}

absl::Status SignEd25519(const Ed25519KeyPair& key,
                         std::span<const uint8_t> message,
                         std::span<uint8_t, kEd25519SignatureSize> signature) {
  // BoringSSL would sign with a wiped key, and the signature would be invalid.
  if (key.seed.IsWiped()) return WipedKeyError();
  // BoringSSL's private key is the seed followed by the public key.
  SecretBytes<ED25519_PRIVATE_KEY_LEN> private_key;
  std::span<uint8_t> bytes = private_key.ExposeSecret();
  std::span<const uint8_t> seed = key.seed.ExposeSecret();
  std::copy(seed.begin(), seed.end(), bytes.begin());
  std::copy(key.public_key.begin(), key.public_key.end(),
            bytes.begin() + kEd25519SeedSize);
  const bool is_signed = RunAndWipeStack([&] {
    return ED25519_sign(signature.data(), message.data(), message.size(),
                        bytes.data()) == 1;
  });
  if (!is_signed) {
    ERR_clear_error();
    return absl::UnavailableError("ed25519: BoringSSL could not sign");
  }
  return absl::OkStatus();
}

bool VerifyEd25519(const Ed25519PublicKey& public_key,
                   std::span<const uint8_t> message,
                   std::span<const uint8_t, kEd25519SignatureSize> signature) {
  return ED25519_verify(message.data(), message.size(), signature.data(),
                        public_key.data()) == 1;
}

}  // namespace proofmint::crypto
