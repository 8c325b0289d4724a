// Looks up every digit of every window on every vector target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/crypto/p256_table_lookup_test.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "signer/crypto/p256_base_table.h"
#include "signer/crypto/p256_table_lookup-inl.h"
#include "tests/crypto/simd_targets.h"

#ifndef PROOFMINT_TESTS_CRYPTO_P256_TABLE_LOOKUP_TEST_ONCE_
#define PROOFMINT_TESTS_CRYPTO_P256_TABLE_LOOKUP_TEST_ONCE_
namespace proofmint::crypto {
namespace {

constexpr size_t kLimbs = 9;
constexpr size_t kMaxLanes = 16;

struct Lookup {
  int64_t target;
  size_t lanes;
  alignas(64) uint32_t c[kMaxLanes];
  alignas(64) uint32_t x[kLimbs * kMaxLanes];
  alignas(64) uint32_t y[kLimbs * kMaxLanes];
  alignas(64) uint32_t negative_y[kLimbs * kMaxLanes];
};

}  // namespace
}  // namespace proofmint::crypto
#endif  // PROOFMINT_TESTS_CRYPTO_P256_TABLE_LOOKUP_TEST_ONCE_

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

void LookUp(size_t window, Lookup& out) {
  using Field = P256Field<SimdOps>;
  out.target = HWY_TARGET;
  out.lanes = SimdOps::kLanes;
  const P256TableLookup lookup(out.c);
  lookup.LookUpX(kP256BaseTable[window], out.x);
  lookup.LookUpY(kP256BaseTable[window], out.y);
  Field::NegateIf(SimdOps::Set(~0u), out.y, out.negative_y);
}

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {
namespace {

HWY_EXPORT(LookUp);

void ExpectToFindAllDigits(int64_t target) {
  Lookup lookup = {};
  HWY_DYNAMIC_DISPATCH(LookUp)(0, lookup);
  ASSERT_EQ(lookup.target, target);
  const size_t lanes = lookup.lanes;
  for (size_t window = 0; window < kP256Windows; ++window) {
    const P256WindowTable& table = kP256BaseTable[window];
    for (uint32_t first = 0; first < 128; ++first) {
      // Each lane has a different digit.
      for (uint32_t lane = 0; lane < lanes; ++lane) {
        lookup.c[lane] = (first + 37 * lane) % 128;
      }
      HWY_DYNAMIC_DISPATCH(LookUp)(window, lookup);
      for (size_t lane = 0; lane < lanes; ++lane) {
        const int digit = 2 * static_cast<int>(lookup.c[lane]) - 127;
        const int entry = std::abs(digit) / 2;
        for (size_t i = 0; i < kLimbs; ++i) {
          ASSERT_EQ(lookup.x[i * lanes + lane], table[i][entry])
              << "window " << window << " digit " << digit << " limb " << i;
          // If the digit is negative, y is negated; NegateIf negates it again.
          const uint32_t* y = digit > 0 ? lookup.y : lookup.negative_y;
          ASSERT_EQ(y[i * lanes + lane], table[kLimbs + i][entry])
              << "window " << window << " digit " << digit << " limb " << i;
        }
      }
    }
  }
}

TEST(P256TableLookupTest, FindsEveryDigitOfEveryWindow) {
  ForEachSimdTarget(ExpectToFindAllDigits);
}

}  // namespace
}  // namespace proofmint::crypto
#endif  // HWY_ONCE
