#include "signer/crypto/sha2.h"

#include <openssl/sha.h>

namespace proofmint::crypto {

Sha256Digest Sha256(std::span<const uint8_t> message) {
  Sha256Digest digest;
  SHA256(message.data(), message.size(), digest.data());
  return digest;
}

Sha512Digest Sha512(std::span<const uint8_t> message) {
  Sha512Digest digest;
  SHA512(message.data(), message.size(), digest.data());
  return digest;
}

}  // namespace proofmint::crypto
