// Converts Limbs256 to BoringSSL's big numbers and back, for tests that compare
// with BoringSSL.

#ifndef PROOFMINT_TESTS_CRYPTO_LIMBS_ORACLE_H_
#define PROOFMINT_TESTS_CRYPTO_LIMBS_ORACLE_H_

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/mem.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "signer/crypto/modular_inverse.h"

namespace proofmint::crypto {

inline bssl::UniquePtr<BIGNUM> ToBignum(std::span<const uint64_t> limbs) {
  bssl::UniquePtr<BIGNUM> number(BN_new());
  BN_zero(number.get());
  for (size_t i = limbs.size(); i-- > 0;) {
    EXPECT_TRUE(BN_lshift(number.get(), number.get(), 64));
    bssl::UniquePtr<BIGNUM> limb(BN_new());
    EXPECT_TRUE(BN_set_u64(limb.get(), limbs[i]));
    EXPECT_TRUE(BN_add(number.get(), number.get(), limb.get()));
  }
  return number;
}

// Converts a number in [0, 2^256).
inline Limbs256 ToLimbs(const BIGNUM& number) {
  std::array<uint8_t, 32> bytes;
  EXPECT_TRUE(BN_bn2le_padded(bytes.data(), bytes.size(), &number));
  Limbs256 limbs{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    limbs[i / 8] |= uint64_t{bytes[i]} << i % 8 * 8;
  }
  return limbs;
}

inline std::string LimbsToHex(const Limbs256& limbs) {
  bssl::UniquePtr<char> hex(BN_bn2hex(ToBignum(limbs).get()));
  return hex.get();
}

// Returns a number that consists of a few, mostly long, runs of equal bits.
inline Limbs256 LimbsOfLongRuns(std::mt19937_64& random) {
  Limbs256 limbs{};
  uint64_t bit = random() & 1;
  for (size_t i = 0; i < 256; bit ^= 1) {
    for (size_t run = 1 + random() % 100; run > 0 && i < 256; --run, ++i) {
      limbs[i / 64] |= bit << i % 64;
    }
  }
  return limbs;
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_LIMBS_ORACLE_H_
