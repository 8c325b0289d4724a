#include "signer/crypto/secret.h"

#include <openssl/mem.h>

namespace proofmint::crypto {

void WipeMemory(std::span<uint8_t> bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

}  // namespace proofmint::crypto
