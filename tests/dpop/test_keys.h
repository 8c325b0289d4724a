// PublishedKey and NewKey return keys for tests that sign.

#ifndef PROOFMINT_TESTS_DPOP_TEST_KEYS_H_
#define PROOFMINT_TESTS_DPOP_TEST_KEYS_H_

#include <gtest/gtest.h>

#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "tests/testing/hex.h"

namespace proofmint::dpop {

// RFC 7515 appendix A.3.1: the private scalar.
inline constexpr char kRfc7515Scalar[] =
    "8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2";

// RFC 8037 appendix A.1: the seed.
inline constexpr char kRfc8037Seed[] =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

// Returns the key of RFC 7515 for ES256, and that of RFC 8037 for the others.
inline ProofKey PublishedKey(Algorithm algorithm) {
  if (algorithm == Algorithm::kEs256) {
    return ProofKey(algorithm,
                    crypto::P256KeyPairFromScalar(
                        proofmint::testing::FromHex<32>(kRfc7515Scalar))
                        .value());
  }
  return ProofKey(algorithm,
                  crypto::Ed25519KeyPairFromSeed(
                      proofmint::testing::FromHex<32>(kRfc8037Seed)));
}

// Generates a fresh key.
inline ProofKey NewKey(Algorithm algorithm, crypto::Entropy& entropy) {
  ProofKey key;
  EXPECT_TRUE(GenerateProofKeys(crypto::Kernel::kBoringSsl, algorithm, entropy,
                                {&key, 1})
                  .ok());
  return key;
}

}  // namespace proofmint::dpop

#endif  // PROOFMINT_TESTS_DPOP_TEST_KEYS_H_
