// Compares MultiplyP256Base on every vector target with BoringSSL.

#include "signer/crypto/p256_kernel.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <openssl/bn.h>
#include <openssl/mem.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "signer/crypto/p256.h"
#include "signer/crypto/p256_base_table.h"
#include "tests/crypto/limbs_oracle.h"
#include "tests/crypto/p256_scalars.h"
#include "tests/crypto/simd_targets.h"
#include "tests/testing/hex.h"
#include "tests/testing/long_tests.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::ToHex;

constexpr Limbs256 kGroupOrder = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                                  0xffffffffffffffff, 0xffffffff00000000};
constexpr int kWindowBits = 7;
// The number of windows in the lower half of a scalar: the last merge adds the
// sums of the lower and the upper half.
constexpr int kLowerWindows = 18;

using Bignum = bssl::UniquePtr<BIGNUM>;

Bignum PowerOfTwo(int exponent) {
  Bignum power(BN_new());
  EXPECT_TRUE(BN_set_bit(power.get(), exponent));
  return power;
}

Bignum Sum(const Bignum& a, const Bignum& b) {
  Bignum sum(BN_new());
  EXPECT_TRUE(BN_add(sum.get(), a.get(), b.get()));
  return sum;
}

Bignum Difference(const Bignum& a, const Bignum& b) {
  Bignum difference(BN_new());
  EXPECT_TRUE(BN_sub(difference.get(), a.get(), b.get()));
  return difference;
}

Limbs256 Negative(const Limbs256& scalar) {
  return ToLimbs(*Difference(ToBignum(kGroupOrder), ToBignum(scalar)));
}

bool IsValid(const Limbs256& scalar) {
  const Bignum number = ToBignum(scalar);
  return !BN_is_zero(number.get()) &&
         BN_cmp(number.get(), ToBignum(kGroupOrder).get()) < 0;
}

P256PublicKey Reference(const Limbs256& scalar) {
  std::array<uint8_t, kP256ScalarSize> bytes;
  EXPECT_TRUE(
      BN_bn2bin_padded(bytes.data(), bytes.size(), ToBignum(scalar).get()));
  absl::StatusOr<P256KeyPair> pair = P256KeyPairFromScalar(bytes);
  EXPECT_TRUE(pair.ok()) << pair.status();
  return pair->public_key;
}

std::vector<P256PublicKey> References(const std::vector<Limbs256>& scalars) {
  std::vector<P256PublicKey> points;
  for (const Limbs256& scalar : scalars) points.push_back(Reference(scalar));
  return points;
}

void ExpectProducts(const std::vector<Limbs256>& scalars,
                    const std::vector<P256PublicKey>& want,
                    size_t batch_size = kKernelBatchSize) {
  std::vector<P256PublicKey> points(scalars.size());
  for (size_t first = 0; first < scalars.size(); first += batch_size) {
    const size_t size = std::min(batch_size, scalars.size() - first);
    ASSERT_TRUE(MultiplyP256Base(std::span(scalars).subspan(first, size),
                                 std::span(points).subspan(first, size)));
  }
  for (size_t i = 0; i < scalars.size(); ++i) {
    ASSERT_EQ(ToHex(points[i].x) + ToHex(points[i].y),
              ToHex(want[i].x) + ToHex(want[i].y))
        << "scalar " << i << ", " << LimbsToHex(scalars[i]);
  }
}

// Compares the products on every target with BoringSSL's.
void ExpectEqualsReference(const std::vector<Limbs256>& scalars) {
  const std::vector<P256PublicKey> want = References(scalars);
  ForEachSimdTarget([&](int64_t target) {
    ASSERT_EQ(P256KernelTarget(), target);
    ExpectProducts(scalars, want);
  });
}

// Returns a uniform scalar in [1, n-1].
Limbs256 RandomScalar(std::mt19937_64& random) {
  Limbs256 scalar;
  do {
    for (uint64_t& limb : scalar) limb = random();
  } while (!IsValid(scalar));
  return scalar;
}

std::vector<Limbs256> RandomScalars(size_t count) {
  std::mt19937_64 random(count);
  std::vector<Limbs256> scalars(count);
  for (Limbs256& scalar : scalars) scalar = RandomScalar(random);
  return scalars;
}

// Returns the odd scalar whose digits are 2 * c[i] - 127, least significant
// first. The top c must be 64 or more.
Limbs256 FromDigits(const std::vector<uint64_t>& c) {
  // k = 2 (c - 2^258) + 1.
  Bignum k(BN_new());
  BN_zero(k.get());
  for (size_t i = c.size(); i-- > 0;) {
    EXPECT_TRUE(BN_lshift(k.get(), k.get(), kWindowBits));
    EXPECT_TRUE(BN_add_word(k.get(), c[i]));
  }
  EXPECT_TRUE(BN_sub(k.get(), k.get(), PowerOfTwo(258).get()));
  EXPECT_TRUE(BN_lshift1(k.get(), k.get()));
  EXPECT_TRUE(BN_add_word(k.get(), 1));
  return ToLimbs(*k);
}

// Returns the odd scalar k = H + L with H - L = n, where L is the part of the
// digits in the lower windows and H the rest. The points of H and L are then
// equal, so that their addition by the chord rule fails.
Limbs256 ExceptionalScalar(int lower_windows) {
  const int bits = kWindowBits * lower_windows;
  const Bignum n = ToBignum(kGroupOrder);
  // H is the odd multiple of 2^bits that is next to n, below or above it.
  Bignum high(BN_new());
  EXPECT_TRUE(BN_rshift(high.get(), n.get(), bits));
  if (!BN_is_odd(high.get())) {
    EXPECT_TRUE(BN_add_word(high.get(), 1));
  }
  EXPECT_TRUE(BN_lshift(high.get(), high.get(), bits));
  return ToLimbs(*Difference(Sum(high, high), n));
}

TEST(P256KernelTest, MultipliesTheEdgesOfTheRange) {
  std::vector<Limbs256> scalars;
  for (uint64_t i = 1; i <= 20; ++i) {
    scalars.push_back({i, 0, 0, 0});
    scalars.push_back(Negative({i, 0, 0, 0}));
  }
  ExpectEqualsReference(scalars);
}

TEST(P256KernelTest, MultipliesPowersOfTwoAndTheirNeighbours) {
  std::vector<Limbs256> scalars;
  for (int bit = 1; bit < 256; ++bit) {
    const Limbs256 power = ToLimbs(*PowerOfTwo(bit));
    for (const Limbs256& scalar :
         {power, ToLimbs(*Sum(PowerOfTwo(bit), PowerOfTwo(0))),
          ToLimbs(*Difference(PowerOfTwo(bit), PowerOfTwo(0)))}) {
      scalars.push_back(scalar);
      scalars.push_back(Negative(scalar));
    }
  }
  ExpectEqualsReference(scalars);
}

TEST(P256KernelTest, MultipliesEveryDigitInEveryWindow) {
  std::mt19937_64 random(1);
  std::vector<Limbs256> scalars;
  for (size_t window = 0; window < kP256Windows; ++window) {
    const bool is_top = window == kP256Windows - 1;
    // k is below 2^256, so the top digit is at most 15.
    for (uint64_t c = is_top ? 64 : 0; c < (is_top ? 72 : 128); ++c) {
      std::vector<uint64_t> digits(kP256Windows);
      for (uint64_t& digit : digits) digit = random() % 128;
      digits.back() = 64 + random() % 7;
      digits[window] = c;
      // With the largest top digit, set the digits below it such that k is
      // below n: q + 2^258 has ones from bit 254 down to 224.
      if (c == 71 && is_top) {
        for (size_t i = 32; i < 36; ++i) digits[i] = 127;
        digits[31] = 0;
      }
      const Limbs256 scalar = FromDigits(digits);
      ASSERT_TRUE(IsValid(scalar)) << LimbsToHex(scalar);
      scalars.push_back(c % 2 != 0 ? scalar : Negative(scalar));
    }
  }
  ExpectEqualsReference(scalars);
}

TEST(P256KernelTest, MultipliesLongRunsOfEqualBits) {
  std::mt19937_64 random(2);
  std::vector<Limbs256> scalars;
  while (scalars.size() < 1000) {
    const Limbs256 scalar = LimbsOfLongRuns(random);
    if (IsValid(scalar)) scalars.push_back(scalar);
  }
  ExpectEqualsReference(scalars);
}

TEST(P256KernelTest, MultipliesBatchesOfEverySize) {
  const std::vector<Limbs256> scalars = RandomScalars(kKernelBatchSize);
  const std::vector<P256PublicKey> want = References(scalars);
  ForEachSimdTarget([&](int64_t) {
    for (size_t size = 1; size <= kKernelBatchSize; ++size) {
      ExpectProducts({scalars.begin(), scalars.begin() + size}, want);
    }
  });
}

TEST(P256KernelTest, MultipliesRandomScalars) {
  const std::vector<Limbs256> scalars = RandomScalars(
      static_cast<size_t>(proofmint::testing::CountOrLong(50'000, 1'000'000)));
  const std::vector<P256PublicKey> want = References(scalars);
  ForEachSimdTarget([&](int64_t target) {
    const size_t count =
        target == HWY_EMU128 ? scalars.size() / 20 : scalars.size();
    ExpectProducts({scalars.begin(), scalars.begin() + count}, want);
  });
}

TEST(P256KernelTest, HasNoExceptionalScalarInItsRange) {
  const Limbs256 odd = ExceptionalScalar(kLowerWindows);
  EXPECT_EQ(odd[0] & 1, 1u);
  EXPECT_GT(BN_cmp(ToBignum(odd).get(), ToBignum(kGroupOrder).get()), 0);
}

// The only exceptional scalar is above n, but below 2^256.
TEST(P256KernelTest, RefusesABatchWithAnExceptionalScalarAnywhere) {
  const std::vector<Limbs256> harmless = RandomScalars(kKernelBatchSize);
  const Limbs256 exceptional = ExceptionalScalar(kLowerWindows);
  const std::vector<P256PublicKey> zeros(kKernelBatchSize);
  ForEachSimdTarget([&](int64_t) {
    for (size_t size : {1, 2, 4, 5, 8, 9, 15, 16, 17, 33, 63, 64}) {
      for (size_t position = 0; position < size; ++position) {
        std::vector<Limbs256> scalars(harmless.begin(),
                                      harmless.begin() + size);
        scalars[position] = exceptional;
        std::vector<P256PublicKey> points(size);
        for (P256PublicKey& point : points) point.x[3] = point.y[4] = 1;
        EXPECT_FALSE(MultiplyP256Base(scalars, points))
            << "position " << position << " of " << size;
        for (const P256PublicKey& point : points) {
          EXPECT_EQ(point.x, P256PublicKey{}.x);
          EXPECT_EQ(point.y, P256PublicKey{}.y);
        }
      }
    }
  });
}

// These scalars would be exceptional if the lower half had another number of
// windows.
TEST(P256KernelTest, MultipliesExceptionalScalarsOfOtherLayouts) {
  std::vector<Limbs256> scalars;
  for (int windows = 1; windows < static_cast<int>(kP256Windows); ++windows) {
    if (windows == kLowerWindows) continue;
    const Limbs256 scalar = ExceptionalScalar(windows);
    if (!IsValid(scalar)) continue;
    scalars.push_back(scalar);
    scalars.push_back(Negative(scalar));
  }
  EXPECT_GE(scalars.size(), 40u);
  ExpectEqualsReference(scalars);
}

}  // namespace
}  // namespace proofmint::crypto
