// P256Field computes modulo P-256's prime p = 2^256 - 2^224 + 2^192 + 2^96 - 1
// on many independent values, one in each lane of a vector.
//
// Representation. A value is nine limbs of radix 2^29, least significant first,
// in Montgomery form with R = 2^261: x stands for x * R^-1 mod p. A limb is one
// 32-bit word in each lane. An element is 9 * kLanes words, limb by limb,
// aligned to the size of a vector. Sums and carries are computed in all lanes
// at once, products first in the even lanes and then in the odd ones.
//
// Bounds. The table bounds limbs 0-7, limb 8 and the value. Values are never
// fully reduced; the bound of limb 8, whose weight is 2^232, bounds the value.
//
//   name      limbs 0-7        limb 8      value below       comes from
//   Reduced   <= 2^29 + 7      <= 2^24 + 7 1.01 * 2^256      SubtractReduced,
//                                                            Reduce, the table
//   Product   <  2^29          <= 2^25 - 2 2p                Multiply, Square
//   Tight     <= 2^29 + 7      <= 2^25     2.01 * 2^256      any of the above
//   Signed    <= 2^30 + 2^24   <= 2^25     2.02 * 2^256      NegateIf, Tight
//   Loose     <= 3 * 2^30      <= 2^27     8.1 * 2^256       differences, to be
//                                                            multiplied
//
// Each function names the bounds that it takes and gives. The interval test
// (p256_field_bounds_test.cc) runs this code on intervals with these bounds and
// shows that no word overflows or underflows, and that outputs keep their
// bounds. Outputs may alias inputs. All functions are constant time.
//
// Montgomery reduction. p = -1 mod 2^96, so the multiple of p that clears the
// lowest 29 bits of t is m * p with m = t mod 2^29. Adding it and dividing by
// 2^29 gives
//   t / 2^29 + m * (2^9 * 2^58 + 2^18 * 2^145 + (2^29 - 2^21) * 2^174 +
//                   (2^24 - 1) * 2^203)
// where t / 2^29 is rounded down. For the limbs of p are 2^29 - 1, 2^29 - 1,
// 2^29 - 1, 2^9 - 1, 0, 0, 2^18, 2^29 - 2^21 and 2^24 - 1, and the sum of the
// low ones telescopes.

// Highway needs an include guard for each target.
#if defined(PROOFMINT_SIGNER_CRYPTO_P256_FIELD_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PROOFMINT_SIGNER_CRYPTO_P256_FIELD_INL_H_
#undef PROOFMINT_SIGNER_CRYPTO_P256_FIELD_INL_H_
#else
#define PROOFMINT_SIGNER_CRYPTO_P256_FIELD_INL_H_
#endif

#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {

template <class Ops>
struct P256Field {
  using Word = typename Ops::Word;
  using V32 = typename Ops::V32;
  using V64 = typename Ops::V64;

  static constexpr size_t kLimbs = 9;
  static constexpr size_t kLanes = Ops::kLanes;
  static constexpr size_t kWords = kLimbs * kLanes;  // in an element
  static constexpr uint32_t kLimbMask = (1u << 29) - 1;

  struct Bound {
    uint32_t limb, top_limb;  // for limbs 0 to 7 and for limb 8, inclusive
  };
  static constexpr Bound kReduced = {(1u << 29) + 7, (1u << 24) + 7};
  static constexpr Bound kProduct = {kLimbMask, (1u << 25) - 2};
  static constexpr Bound kTight = {(1u << 29) + 7, 1u << 25};
  static constexpr Bound kSigned = {(1u << 30) + (1u << 24), 1u << 25};
  static constexpr Bound kLoose = {3u << 30, 1u << 27};

  // Computes a * b / R. Takes Loose a, Tight b; gives Product.
  static HWY_NOINLINE void Multiply(const Word* a, const Word* b, Word* out) {
    V32 a_limbs[kLimbs], b_limbs[kLimbs];
    LoadAll(a, a_limbs);
    LoadAll(b, b_limbs);
    MultiplyLimbs(a_limbs, b_limbs, out);
  }

  // Multiplies the even lanes only, in half the time of Multiply. The odd lanes
  // become zero.
  static HWY_NOINLINE void MultiplyEven(const Word* a, const Word* b,
                                        Word* out) {
    V32 a_limbs[kLimbs], b_limbs[kLimbs];
    LoadAll(a, a_limbs);
    LoadAll(b, b_limbs);
    V64 even[kLimbs];
    MultiplyHalf(a_limbs, b_limbs, even);
    for (size_t i = 0; i < kLimbs; ++i) {
      Ops::Store(Ops::AsEven(even[i]), out + i * kLanes);
    }
  }

  // Computes (a1 - a2) * b / R. Takes Signed a1, Reduced a2, Tight b; gives
  // Product.
  static HWY_NOINLINE void MultiplyDifference(const Word* a1, const Word* a2,
                                              const Word* b, Word* out) {
    V32 a_limbs[kLimbs], b_limbs[kLimbs];
    for (size_t i = 0; i < kLimbs; ++i) a_limbs[i] = Difference(i, a1, a2);
    LoadAll(b, b_limbs);
    MultiplyLimbs(a_limbs, b_limbs, out);
  }

  // Computes a^2 / R. Takes Tight; gives Product.
  static HWY_NOINLINE void Square(const Word* a, Word* out) {
    V32 a_limbs[kLimbs], double_limbs[kLimbs];
    LoadAll(a, a_limbs);
    for (size_t i = 0; i < kLimbs; ++i) {
      double_limbs[i] = Ops::Add(a_limbs[i], a_limbs[i]);
    }
    V64 even[kLimbs], odd[kLimbs];
    SquareHalf(a_limbs, double_limbs, even);
    for (size_t i = 0; i < kLimbs; ++i) {
      a_limbs[i] = Ops::OddToEven(a_limbs[i]);
      double_limbs[i] = Ops::OddToEven(double_limbs[i]);
    }
    SquareHalf(a_limbs, double_limbs, odd);
    StoreHalves(even, odd, out);
  }

  // Computes a - b. Takes Signed a, Reduced b; gives Reduced.
  static HWY_INLINE void SubtractReduced(const Word* a, const Word* b,
                                         Word* out) {
    V32 t[kLimbs];
    for (size_t i = 0; i < kLimbs; ++i) t[i] = Difference(i, a, b);
    StoreReduced(t, out);
  }

  // Computes a - b - c. Takes Tight a, Reduced b and c; gives Reduced.
  static HWY_INLINE void SubtractBothReduced(const Word* a, const Word* b,
                                             const Word* c, Word* out) {
    V32 t[kLimbs];
    for (size_t i = 0; i < kLimbs; ++i) {
      t[i] = Ops::Sub(Difference(i, a, b), Ops::Load(c + i * kLanes));
    }
    StoreReduced(t, out);
  }

  // Carries a. Takes Signed; gives Reduced.
  static HWY_INLINE void Reduce(const Word* a, Word* out) {
    V32 t[kLimbs];
    for (size_t i = 0; i < kLimbs; ++i) {
      t[i] = Ops::Add(Ops::Load(a + i * kLanes), Ops::Set(kPad[i]));
    }
    StoreReduced(t, out);
  }

  // Computes -a in the lanes whose mask is all ones, and a where it is zero.
  // Takes Reduced; gives Signed. NegateLimbIf does so for one limb.
  static HWY_INLINE void NegateIf(V32 mask, const Word* a, Word* out) {
    for (size_t i = 0; i < kLimbs; ++i) {
      Ops::Store(NegateLimbIf(i, mask, Ops::Load(a + i * kLanes)),
                 out + i * kLanes);
    }
  }
  static HWY_INLINE V32 NegateLimbIf(size_t i, V32 mask, V32 limb) {
    return Ops::Select(mask, Ops::Sub(Ops::Set(kNegatePad[i]), limb), limb);
  }

 private:
  using Pad = std::array<uint32_t, kLimbs>;

  // Returns multiple * p in limbs, of which 0 to 7 lie in
  // [least, least + 2^29).
  static constexpr Pad PadLimbs(int64_t multiple, int64_t least) {
    constexpr int64_t kPrime[kLimbs] = {-1, 0,       0,          1 << 9, 0,
                                        0,  1 << 18, -(1 << 21), 1 << 24};
    Pad limbs = {};
    int64_t carry = 0;
    for (size_t i = 0; i < kLimbs; ++i) {
      int64_t limb = multiple * kPrime[i] + carry;
      carry = 0;
      while (i < kLimbs - 1 && limb < least) {
        limb += int64_t{1} << 29;
        --carry;
      }
      limbs[i] = static_cast<uint32_t>(limb);
    }
    return limbs;
  }
  // kPad is 4p. Each of its limbs exceeds the sum of two Reduced values and of
  // what StoreReduced subtracts. kNegatePad is 2p. Each of its limbs exceeds
  // one Reduced value.
  static constexpr Pad kPad = PadLimbs(4, 2 * ((1 << 29) + 7) + (1 << 23));
  static constexpr Pad kNegatePad = PadLimbs(2, (1 << 29) + 7);

  static HWY_INLINE void LoadAll(const Word* a, V32* limbs) {
    for (size_t i = 0; i < kLimbs; ++i) limbs[i] = Ops::Load(a + i * kLanes);
  }

  static HWY_INLINE V32 Difference(size_t i, const Word* a, const Word* b) {
    return Ops::Sub(Ops::Add(Ops::Load(a + i * kLanes), Ops::Set(kPad[i])),
                    Ops::Load(b + i * kLanes));
  }

  // Reduces what lies above 2^256, by 2^256 = 2^224 - 2^192 - 2^96 + 1 mod p,
  // and carries each limb once. A carry is at most 7 and is not propagated
  // further.
  static HWY_INLINE void StoreReduced(V32* t, Word* out) {
    const V32 high = Ops::template ShiftRight<24>(t[8]);
    t[8] = Ops::And(t[8], Ops::Set((1u << 24) - 1));
    t[0] = Ops::Add(t[0], high);
    t[3] = Ops::Sub(t[3], Ops::template ShiftLeft<9>(high));
    t[6] = Ops::Sub(t[6], Ops::template ShiftLeft<18>(high));
    t[7] = Ops::Add(t[7], Ops::template ShiftLeft<21>(high));
    const V32 mask = Ops::Set(kLimbMask);
    Ops::Store(Ops::And(t[0], mask), out);
    for (size_t i = 1; i < kLimbs; ++i) {
      const V32 low = i < kLimbs - 1 ? Ops::And(t[i], mask) : t[i];
      Ops::Store(Ops::Add(low, Ops::template ShiftRight<29>(t[i - 1])),
                 out + i * kLanes);
    }
  }

  static HWY_INLINE void MultiplyLimbs(V32* a, V32* b, Word* out) {
    V64 even[kLimbs], odd[kLimbs];
    MultiplyHalf(a, b, even);
    for (size_t i = 0; i < kLimbs; ++i) {
      a[i] = Ops::OddToEven(a[i]);
      b[i] = Ops::OddToEven(b[i]);
    }
    MultiplyHalf(a, b, odd);
    StoreHalves(even, odd, out);
  }

  // Multiplies the even lanes, row by row: each row adds one limb of a times b
  // and clears the lowest column that is not yet zero.
  static HWY_INLINE void MultiplyHalf(const V32* a, const V32* b, V64* out) {
    V64 t[2 * kLimbs - 1];
    MultiplyRows(a, b, t, std::make_index_sequence<kLimbs>());
    CarryColumns(t, out);
  }
  template <size_t... kRow>
  static HWY_INLINE void MultiplyRows(const V32* a, const V32* b, V64* t,
                                      std::index_sequence<kRow...>) {
    (MultiplyRow<kRow>(a[kRow], b, t, std::make_index_sequence<kLimbs>()), ...);
  }
  template <size_t kRow, size_t... kColumn>
  static HWY_INLINE void MultiplyRow(V32 a, const V32* b, V64* t,
                                     std::index_sequence<kColumn...>) {
    (AddProduct < kRow + kColumn,
     kRow == 0 || kColumn == kLimbs - 1 > (a, b[kColumn], t), ...);
    ClearColumn<kRow>(t);
  }

  // Squares the even lanes. Row i adds a_i^2, and a_i * 2 a_j for all j > i.
  static HWY_INLINE void SquareHalf(const V32* a, const V32* twice, V64* out) {
    V64 t[2 * kLimbs - 1];
    SquareRows(a, twice, t, std::make_index_sequence<kLimbs>());
    CarryColumns(t, out);
  }
  template <size_t... kRow>
  static HWY_INLINE void SquareRows(const V32* a, const V32* twice, V64* t,
                                    std::index_sequence<kRow...>) {
    (SquareRow<kRow>(a, twice, t,
                     std::make_index_sequence<kLimbs - 1 - kRow>()),
     ...);
  }
  template <size_t kRow, size_t... kColumn>
  static HWY_INLINE void SquareRow(const V32* a,
                                   [[maybe_unused]] const V32* twice, V64* t,
                                   std::index_sequence<kColumn...>) {
    AddProduct<2 * kRow, kRow == 0 || kRow == kLimbs - 1>(a[kRow], a[kRow], t);
    (AddProduct < 2 * kRow + 1 + kColumn,
     kRow == 0 || kRow + 1 + kColumn ==
                      kLimbs - 1 > (a[kRow], twice[kRow + 1 + kColumn], t),
     ...);
    ClearColumn<kRow>(t);
  }

  // Adds a product to a column. kFirst says that it is the column's first.
  template <size_t kColumn, bool kFirst>
  static HWY_INLINE void AddProduct(V32 a, V32 b, V64* t) {
    const V64 product = Ops::MulEven(a, b);
    if constexpr (kFirst) {
      t[kColumn] = product;
    } else {
      t[kColumn] = Ops::Add64(t[kColumn], product);
    }
  }

  // Adds the multiple of p that makes column i zero.
  template <size_t i>
  static HWY_INLINE void ClearColumn(V64* t) {
    const V64 m = Ops::And64(t[i], Ops::Set64(kLimbMask));
    t[i + 1] = Ops::Add64(t[i + 1], Ops::template ShiftRight64<29>(t[i]));
    t[i + 3] = Ops::Add64(t[i + 3], Ops::template ShiftLeft64<9>(m));
    t[i + 6] = Ops::Add64(t[i + 6], Ops::template ShiftLeft64<18>(m));
    t[i + 7] = Ops::Add64(
        t[i + 7],
        Ops::MulEven(Ops::AsEven(m),
                     Ops::AsEven(Ops::Set64((1u << 29) - (1u << 21)))));
    t[i + 8] = Ops::Add64(
        t[i + 8],
        Ops::MulEven(Ops::AsEven(m), Ops::AsEven(Ops::Set64((1u << 24) - 1))));
  }

  // Carries columns 9 to 16, the quotient by R, into nine limbs.
  static HWY_INLINE void CarryColumns(const V64* t, V64* out) {
    const V64 mask = Ops::Set64(kLimbMask);
    V64 column = t[kLimbs];
    for (size_t i = 0; i < kLimbs - 2; ++i) {
      out[i] = Ops::And64(column, mask);
      column =
          Ops::Add64(t[kLimbs + 1 + i], Ops::template ShiftRight64<29>(column));
    }
    out[kLimbs - 2] = Ops::And64(column, mask);
    out[kLimbs - 1] = Ops::template ShiftRight64<29>(column);
  }

  static HWY_INLINE void StoreHalves(const V64* even, const V64* odd,
                                     Word* out) {
    for (size_t i = 0; i < kLimbs; ++i) {
      Ops::Store(Ops::FromEvenOdd(even[i], odd[i]), out + i * kLanes);
    }
  }
};

}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_FIELD_INL_H_
