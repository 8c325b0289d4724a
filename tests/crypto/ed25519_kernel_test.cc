// Compares MultiplyEd25519Base on every vector target with BoringSSL.

#include "signer/crypto/ed25519_kernel.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <openssl/curve25519.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "crypto/curve25519/internal.h"  // of BoringSSL
#include "signer/crypto/ed25519_base_table.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/limbs_oracle.h"
#include "tests/crypto/simd_targets.h"
#include "tests/testing/hex.h"
#include "tests/testing/long_tests.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::ToHex;

using Encoding = std::array<uint8_t, 32>;

constexpr Limbs256 kGroupOrder = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
                                  0x1000000000000000};
constexpr uint64_t kTopBit = uint64_t{1} << 63;

// Returns BoringSSL's product, for any scalar below 2^255.
Encoding Reference(const Limbs256& scalar) {
  uint8_t bytes[32];
  std::memcpy(bytes, scalar.data(), 32);
  ge_p3 product;
  x25519_ge_scalarmult_base(&product, bytes);
  ge_p2 projective = {product.X, product.Y, product.Z};
  Encoding encoding;
  x25519_ge_tobytes(encoding.data(), &projective);
  return encoding;
}

std::vector<Encoding> References(const std::vector<Limbs256>& scalars) {
  std::vector<Encoding> points;
  for (const Limbs256& scalar : scalars) points.push_back(Reference(scalar));
  return points;
}

std::vector<Encoding> Multiply(const std::vector<Limbs256>& scalars,
                               size_t batch_size = kKernelBatchSize) {
  std::vector<Encoding> points(scalars.size());
  for (size_t first = 0; first < scalars.size(); first += batch_size) {
    size_t size = std::min(batch_size, scalars.size() - first);
    MultiplyEd25519Base(std::span(scalars).subspan(first, size),
                        std::span(points).subspan(first, size));
  }
  return points;
}

void ExpectEqual(const std::vector<Limbs256>& scalars,
                 const std::vector<Encoding>& got,
                 const std::vector<Encoding>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(ToHex(got[i]), ToHex(want[i]))
        << "scalar " << i << ", " << LimbsToHex(scalars[i]);
  }
}

// Compares the products on every target with BoringSSL's.
void ExpectEqualsReference(const std::vector<Limbs256>& scalars) {
  std::vector<Encoding> want = References(scalars);
  ForEachSimdTarget([&](int64_t target) {
    ASSERT_EQ(Ed25519KernelTarget(), target);
    ExpectEqual(scalars, Multiply(scalars), want);
  });
}

Limbs256 RandomScalar(std::mt19937_64& random) {
  return {random(), random(), random(), random() & ~kTopBit};
}

// Returns value * 2^bit, which must be below 2^256.
Limbs256 Shifted(uint64_t value, size_t bit) {
  Limbs256 scalar = {};
  scalar[bit / 64] = value << bit % 64;
  if (bit % 64 > 0 && bit / 64 < 3) {
    scalar[bit / 64 + 1] = value >> (64 - bit % 64);
  }
  return scalar;
}

// Returns a + b modulo 2^256.
Limbs256 Sum(const Limbs256& a, const Limbs256& b) {
  Limbs256 sum;
  unsigned __int128 carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    carry += static_cast<unsigned __int128>(a[i]) + b[i];
    sum[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return sum;
}
Limbs256 MinusOne(const Limbs256& a) {
  return Sum(a, {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}});
}

TEST(Ed25519KernelTest, RunsOnMoreThanOneTarget) {
  std::vector<int64_t> targets;
  ForEachSimdTarget([&](int64_t target) {
    EXPECT_EQ(Ed25519KernelTarget(), target);
    targets.push_back(target);
  });
#if HWY_ARCH_X86
  EXPECT_GE(targets.size(), 2u);
  EXPECT_EQ(targets.back(), HWY_EMU128);
#endif
  EXPECT_EQ(Ed25519KernelTarget(), targets.front()) << "the best one again";
}

TEST(Ed25519KernelTest, MultipliesByTheSmallestAndLargestScalars) {
  constexpr Limbs256 kMax = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0},
                             ~kTopBit};
  std::vector<Limbs256> scalars;
  for (uint64_t i = 0; i < 300; ++i) scalars.push_back({i});
  Limbs256 multiple = {};
  for (int i = 1; i < 8; ++i) {  // 7 L < 2^255 < 8 L
    multiple = Sum(multiple, kGroupOrder);
    scalars.push_back(MinusOne(multiple));
    scalars.push_back(multiple);
    scalars.push_back(Sum(multiple, {1}));
    scalars.push_back(Sum(multiple, {2}));
  }
  scalars.push_back(kMax);
  scalars.push_back(MinusOne(kMax));
  ExpectEqualsReference(scalars);
}

TEST(Ed25519KernelTest, GivesTheIdentityForZeroAndTheOrder) {
  const Encoding kIdentity = {1};
  std::vector<Limbs256> scalars(70, Limbs256{});
  for (size_t i = 0; i < scalars.size(); i += 3) scalars[i] = kGroupOrder;
  ForEachSimdTarget([&](int64_t) {
    for (const Encoding& point : Multiply(scalars)) {
      EXPECT_EQ(ToHex(point), ToHex(kIdentity));
    }
  });
}

TEST(Ed25519KernelTest, MultipliesByEveryValueOfEveryWindowAlone) {
  std::vector<Limbs256> scalars;
  for (size_t bit = 0; bit < 255; bit += kEd25519WindowBits) {
    uint64_t values = bit + 7 <= 255 ? 128 : 1 << (255 - bit);
    for (uint64_t value = 1; value < values; ++value) {
      scalars.push_back(Shifted(value, bit));
    }
  }
  EXPECT_EQ(scalars.size(), 36u * 127 + 7);
  ExpectEqualsReference(scalars);
}

// The digits c_i of the recoded scalar (see the head of ed25519_kernel.cc)
// select the table's entries. The scalars select every entry with both signs;
// their other digits are random.
TEST(Ed25519KernelTest, LooksUpEveryEntryOfEveryWindow) {
  std::mt19937_64 random;
  std::vector<Limbs256> scalars;
  for (size_t window = 0; window < kEd25519Windows; ++window) {
    for (uint64_t digit = 0; digit < 128; ++digit) {
      // q + 2^258 is the sum of c_i 2^(7i), and k = 2q + 1 < 2^255.
      if (window == kEd25519Windows - 1 && digit >= 4) break;
      Limbs256 q = RandomScalar(random);
      q[3] >>= 1;
      size_t bit = window * kEd25519WindowBits;
      Limbs256 mask = Shifted(127, bit);
      Limbs256 chosen = Shifted(digit, bit);
      Limbs256 scalar = {};
      uint64_t carry = 1;
      for (size_t i = 0; i < 4; ++i) {
        q[i] = (q[i] & ~mask[i]) | chosen[i];
        scalar[i] = q[i] << 1 | carry;
        carry = q[i] >> 63;
      }
      ASSERT_LT(scalar[3], kTopBit);
      scalars.push_back(scalar);
    }
  }
  EXPECT_EQ(scalars.size(), 36u * 128 + 4);
  ExpectEqualsReference(scalars);
}

TEST(Ed25519KernelTest, CarriesAcrossAllWindows) {
  std::vector<Limbs256> scalars;
  for (size_t bit = 0; bit < 255; ++bit) {
    Limbs256 power = Shifted(1, bit);
    scalars.push_back(power);
    scalars.push_back(MinusOne(power));
    scalars.push_back(Sum(power, {1}));
    scalars.push_back(Sum(power, kGroupOrder));
    if (scalars.back()[3] >= kTopBit) scalars.pop_back();
  }
  std::mt19937_64 random;
  for (int i = 0; i < 1000; ++i) {
    scalars.push_back(LimbsOfLongRuns(random));
    scalars.back()[3] &= ~kTopBit;
  }
  ExpectEqualsReference(scalars);
}

TEST(Ed25519KernelTest, TakesBatchesOfEverySize) {
  std::mt19937_64 random;
  std::vector<Limbs256> scalars;
  for (size_t i = 0; i < kKernelBatchSize; ++i) {
    scalars.push_back(RandomScalar(random));
  }
  std::vector<Encoding> want = References(scalars);
  ForEachSimdTarget([&](int64_t) {
    for (size_t size = 1; size <= kKernelBatchSize; ++size) {
      SCOPED_TRACE(size);
      // One more point, which must not be written.
      std::vector<Encoding> points(size + 1);
      points.back().fill(0xaa);
      Encoding untouched = points.back();
      MultiplyEd25519Base(std::span(scalars).first(size),
                          std::span(points).first(size));
      EXPECT_EQ(points.back(), untouched);
      points.pop_back();
      ExpectEqual(scalars, points,
                  std::vector(want.begin(), want.begin() + size));
    }
  });
}

// A scalar that is 0 must not affect the results of other lanes.
TEST(Ed25519KernelTest, KeepsLanesApart) {
  std::mt19937_64 random;
  std::vector<Limbs256> scalars;
  for (size_t zero = 0; zero < kKernelBatchSize; ++zero) {
    for (size_t i = 0; i < kKernelBatchSize; ++i) {
      scalars.push_back(i == zero ? Limbs256{} : Limbs256{i, 0, 0, zero});
    }
  }
  ExpectEqualsReference(scalars);
}

TEST(Ed25519KernelTest, GivesThePublicKeysOfRandomSeeds) {
  // In batches of 64 these are 50,000 or 1,000,000 seeds.
  const auto batches =
      static_cast<size_t>(proofmint::testing::CountOrLong(782, 15'625));
  std::mt19937_64 random;
  for (size_t batch = 0; batch < batches; ++batch) {
    std::vector<Limbs256> scalars;
    std::vector<Encoding> want;
    for (size_t i = 0; i < kKernelBatchSize; ++i) {
      Limbs256 words = RandomScalar(random);
      uint8_t seed[32], private_key[ED25519_PRIVATE_KEY_LEN];
      std::memcpy(seed, words.data(), 32);
      ED25519_keypair_from_seed(want.emplace_back().data(), private_key, seed);
      std::array<uint8_t, 64> hash = Sha512(seed);
      Limbs256 scalar;
      std::memcpy(scalar.data(), hash.data(), 32);
      scalar[0] &= ~uint64_t{7};
      scalar[3] = (scalar[3] & ~kTopBit) | kTopBit >> 1;
      scalars.push_back(scalar);
    }
    ForEachSimdTarget([&](int64_t target) {
      // Slow targets get fewer batches.
      if (target == HWY_EMU128 && batch % 10 != 0) return;
      if (target == HWY_SSE4 && batch % 2 != 0) return;
      ExpectEqual(scalars, Multiply(scalars), want);
    });
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace proofmint::crypto
