// Computes SHA-512 (FIPS 180-4) of many messages at once, one message in each
// lane of a vector.

#ifndef PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_

#include <array>
#include <cstdint>
#include <span>

#include "signer/crypto/sha2.h"

namespace proofmint::crypto {

// Sha512Message is a message in up to three parts, which are hashed as if they
// were joined. The parts are borrowed.
struct Sha512Message {
  std::array<std::span<const uint8_t>, 3> parts;
};

// Sha512Batch writes the digest of messages[i] to digests[i]. Both spans have
// the same size, which may be any. Messages may differ in length; the time
// depends on their lengths and never on their contents. Copies of message bytes
// and of states are wiped before it returns. Thread-safe.
void Sha512Batch(std::span<const Sha512Message> messages,
                 std::span<Sha512Digest> digests);

// Sha512BatchTarget returns the vector target that Sha512Batch uses on this
// CPU, as one of Highway's HWY_TARGET values. For tests.
int64_t Sha512BatchTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_
