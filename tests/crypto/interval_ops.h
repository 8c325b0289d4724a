// IntervalOps implements SimdOps on intervals, to prove that no word of field
// arithmetic overflows.

#ifndef PROOFMINT_TESTS_CRYPTO_INTERVAL_OPS_H_
#define PROOFMINT_TESTS_CRYPTO_INTERVAL_OPS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace proofmint::crypto {

// Interval is the set of all words from `low` to `high`.
template <typename T>
struct Interval {
  T low = 0;
  T high = 0;
};

// IntervalOps has the interface of SimdOps (signer/crypto/simd_ops-inl.h). A
// word is the interval of the values it can take in any lane; every operation
// fails the test if one of its results could leave its 32 or 64 bits.
struct IntervalOps {
  using V32 = Interval<uint32_t>;
  using V64 = Interval<uint64_t>;
  using Word = V32;
  static constexpr size_t kLanes = 1;

  static V32 Load(const Word* p) { return *p; }
  static void Store(V32 v, Word* p) { *p = v; }
  static V32 Set(uint32_t value) { return {value, value}; }
  static V32 Add(V32 a, V32 b) { return Sum(a, b); }
  static V32 Sub(V32 a, V32 b) { return Difference(a, b); }
  static V32 And(V32 a, V32 b) { return Conjunction(a, b); }
  template <int kBits>
  static V32 ShiftRight(V32 a) {
    return {a.low >> kBits, a.high >> kBits};
  }
  template <int kBits>
  static V32 ShiftLeft(V32 a) {
    EXPECT_EQ(a.high << kBits >> kBits, a.high) << "overflow of << " << kBits;
    return {a.low << kBits, a.high << kBits};
  }
  // The result contains both operands: either may be selected.
  static V32 Select(V32 /*mask*/, V32 yes, V32 no) {
    return {std::min(yes.low, no.low), std::max(yes.high, no.high)};
  }

  static V32 OddToEven(V32 a) { return a; }
  // A product of 32-bit words cannot overflow 64 bits.
  static V64 MulEven(V32 a, V32 b) {
    return {uint64_t{a.low} * b.low, uint64_t{a.high} * b.high};
  }

  static V64 Set64(uint64_t value) { return {value, value}; }
  static V64 Add64(V64 a, V64 b) { return Sum(a, b); }
  static V64 Sub64(V64 a, V64 b) { return Difference(a, b); }
  static V64 And64(V64 a, V64 b) { return Conjunction(a, b); }
  template <int kBits>
  static V64 ShiftRight64(V64 a) {
    return {a.low >> kBits, a.high >> kBits};
  }
  template <int kBits>
  static V64 ShiftLeft64(V64 a) {
    EXPECT_EQ(a.high << kBits >> kBits, a.high) << "overflow of << " << kBits;
    return {a.low << kBits, a.high << kBits};
  }
  // Returns the low half of a word. If the word may not fit 32 bits, its low
  // half may be anything.
  static V32 AsEven(V64 a) {
    if (a.high > kMax32) return {0, kMax32};
    return {static_cast<uint32_t>(a.low), static_cast<uint32_t>(a.high)};
  }
  static V32 FromEvenOdd(V64 even, V64 odd) {
    V64 both = {std::min(even.low, odd.low), std::max(even.high, odd.high)};
    EXPECT_LE(both.high, kMax32) << "does not fit 32 bits";
    return AsEven(both);
  }
  static V32 LowHalves(V64 even, V64 odd) {
    V32 a = AsEven(even), b = AsEven(odd);
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
  }
  static V32 MulLow(V32 a, V32 b) {
    V64 product = MulEven(a, b);
    EXPECT_LE(product.high, kMax32) << "overflow of *";
    return AsEven(product);
  }

 private:
  static constexpr uint32_t kMax32 = std::numeric_limits<uint32_t>::max();

  template <typename T>
  static Interval<T> Sum(Interval<T> a, Interval<T> b) {
    EXPECT_LE(a.high, std::numeric_limits<T>::max() - b.high)
        << "overflow of +";
    return {static_cast<T>(a.low + b.low), static_cast<T>(a.high + b.high)};
  }
  template <typename T>
  static Interval<T> Difference(Interval<T> a, Interval<T> b) {
    EXPECT_GE(a.low, b.high) << "underflow of -";
    return {static_cast<T>(a.low - b.high), static_cast<T>(a.high - b.low)};
  }
  // `b` must be a constant of the form 2^k - 1.
  template <typename T>
  static Interval<T> Conjunction(Interval<T> a, Interval<T> b) {
    EXPECT_EQ(b.low, b.high);
    EXPECT_EQ(b.low & (b.low + 1), 0u);
    if (a.high <= b.low) return a;
    return {0, b.low};
  }
};

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_INTERVAL_OPS_H_
