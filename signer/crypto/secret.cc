#include "signer/crypto/secret.h"

#include <openssl/mem.h>

namespace proofmint::crypto {

void WipeMemory(std::span<uint8_t> bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

__attribute__((noinline)) void WipeStackBelow() {
  uint8_t frame[kWipedStackSize];
  OPENSSL_cleanse(frame, sizeof(frame));
}

absl::Status WipedKeyError() {
  return absl::FailedPreconditionError(
      "key: has no secret; it was wiped or moved from");
}

}  // namespace proofmint::crypto
