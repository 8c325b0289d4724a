// SHA-512 (FIPS 180-4) of many messages at once, one message in each lane of a
// vector.

#ifndef PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_
#define PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_

#include <array>
#include <cstdint>
#include <span>

#include "signer/crypto/sha2.h"

namespace proofmint::crypto {

// Sha512Message is a message in up to three parts, hashed as if joined. The
// parts are borrowed.
struct Sha512Message {
  std::array<std::span<const uint8_t>, 3> parts;
};

// Sha512Batch writes the digest of messages[i] to digests[i]; both spans have
// the same size, any. Messages may differ in length: the time depends on the
// lengths, never on the contents. Copies of message bytes and states are wiped
// before it returns. Thread-safe.
void Sha512Batch(std::span<const Sha512Message> messages,
                 std::span<Sha512Digest> digests);

// Highway's number of the vector target that Sha512Batch runs on. For tests.
int64_t Sha512BatchTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SHA512_BATCH_H_
