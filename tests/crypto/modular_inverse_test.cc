#include "signer/crypto/modular_inverse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "tests/crypto/limbs_oracle.h"
#include "tests/testing/long_tests.h"

namespace proofmint::crypto {
namespace {

struct Modulus {
  PrimeModulus modulus;
  const char* name;
  Limbs256 prime;
};

class InvertModuloTest : public ::testing::TestWithParam<Modulus> {
 protected:
  InvertModuloTest() : prime_(ToBignum(GetParam().prime)) {}

  Limbs256 Invert(const Limbs256& value) const {
    return InvertModulo(GetParam().modulus, value);
  }

  // Returns the residue of any value.
  Limbs256 Residue(const Limbs256& value) const {
    bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
    bssl::UniquePtr<BIGNUM> residue = ToBignum(value);
    EXPECT_TRUE(
        BN_nnmod(residue.get(), residue.get(), prime_.get(), context.get()));
    return ToLimbs(*residue);
  }

  Limbs256 InvertWithOracle(const Limbs256& value) const {
    bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
    bssl::UniquePtr<BIGNUM> inverse(BN_mod_inverse(
        nullptr, ToBignum(value).get(), prime_.get(), context.get()));
    EXPECT_TRUE(inverse != nullptr);
    return ToLimbs(*inverse);
  }

  void ExpectAgreement(const Limbs256& any) const {
    const Limbs256 value = Residue(any);
    if (value == Limbs256{}) return;  // BoringSSL does not invert zero
    ASSERT_EQ(Invert(value), InvertWithOracle(value)) << LimbsToHex(value);
  }

 private:
  bssl::UniquePtr<BIGNUM> prime_;
};

TEST_P(InvertModuloTest, GivesZeroForZero) {
  EXPECT_EQ(Invert({}), Limbs256{});
}

TEST_P(InvertModuloTest, KnowsTheInversesOfOneTwoAndMinusOne) {
  Limbs256 minus_one = GetParam().prime;
  minus_one[0] -= 1;
  EXPECT_EQ(Invert({1}), Limbs256{1});
  EXPECT_EQ(Invert(minus_one), minus_one);
  Limbs256 half = GetParam().prime;  // (p + 1) / 2
  for (size_t i = 0; i < 4; ++i) {
    half[i] = half[i] >> 1 | (i < 3 ? half[i + 1] << 63 : 0);
  }
  half[0] += 1;
  if (half[0] == 0) half[1] += 1;
  EXPECT_EQ(Invert({2}), half);
  EXPECT_EQ(Invert(half), Limbs256{2});
}

TEST_P(InvertModuloTest, AgreesWithBoringSslNextToZeroAndToTheModulus) {
  for (uint64_t i = 1; i <= 64; ++i) {
    Limbs256 below = GetParam().prime;
    below[0] -= i;
    ExpectAgreement({i});
    ExpectAgreement(below);
  }
}

TEST_P(InvertModuloTest, AgreesWithBoringSslOnPowersOfTwoAndTheirNeighbours) {
  for (int bit = 0; bit < 256; ++bit) {
    Limbs256 power{};
    power[bit / 64] = uint64_t{1} << bit % 64;
    Limbs256 ones{};  // 2^bit - 1
    for (int i = 0; i < bit; ++i) ones[i / 64] |= uint64_t{1} << i % 64;
    Limbs256 high_ones;  // 2^256 - 2^bit
    for (size_t i = 0; i < 4; ++i) high_ones[i] = ~ones[i];
    Limbs256 plus_one = power;
    plus_one[0] |= 1;
    for (const Limbs256& value : {power, ones, high_ones, plus_one}) {
      ExpectAgreement(value);
    }
  }
}

TEST_P(InvertModuloTest, AgreesWithBoringSslOnLongRunsOfZerosAndOnes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) ExpectAgreement(LimbsOfLongRuns(random));
}

TEST_P(InvertModuloTest, AgreesWithBoringSslOnRandomValues) {
  const int count = proofmint::testing::CountOrLong(20'000, 1'000'000);
  std::mt19937_64 random(2);
  for (int i = 0; i < count; ++i) {
    ExpectAgreement({random(), random(), random(), random()});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Primes, InvertModuloTest,
    ::testing::Values(Modulus{PrimeModulus::kP256Field,
                              "P256Field",
                              {0xffffffffffffffff, 0x00000000ffffffff,
                               0x0000000000000000, 0xffffffff00000001}},
                      Modulus{PrimeModulus::kP256Order,
                              "P256Order",
                              {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                               0xffffffffffffffff, 0xffffffff00000000}},
                      Modulus{PrimeModulus::kCurve25519Field,
                              "Curve25519Field",
                              {0xffffffffffffffed, 0xffffffffffffffff,
                               0xffffffffffffffff, 0x7fffffffffffffff}}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace proofmint::crypto
