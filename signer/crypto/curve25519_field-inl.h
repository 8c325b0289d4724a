// Curve25519Field computes modulo p = 2^255 - 19 on many independent values at
// once.

// Highway needs an include guard for each target.
#if defined(PROOFMINT_SIGNER_CRYPTO_CURVE25519_FIELD_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PROOFMINT_SIGNER_CRYPTO_CURVE25519_FIELD_INL_H_
#undef PROOFMINT_SIGNER_CRYPTO_CURVE25519_FIELD_INL_H_
#else
#define PROOFMINT_SIGNER_CRYPTO_CURVE25519_FIELD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {

// Curve25519Field uses no vector operations but those of Ops, which is either
// SimdOps (simd_ops-inl.h) or the interval arithmetic of a test.
//
// An element is kWords words of memory, aligned to the size of a vector: ten
// vectors, one for each limb, in which lane l belongs to the l-th of kLanes
// independent values. Limbs are unsigned and nominally have 26, 25, 26, 25, ...
// bits: limb i has the weight 2^ceil(25.5 i). A limb may exceed its nominal
// size, so a residue modulo p has several representations. There are three
// classes of limbs, with u = 2^26 for even limbs and u = 2^25 for odd ones:
//
//   tight   at most 1.01 u       the result of Multiply and Carry
//   loose   3 times tight        the result of one Add or Subtract of tight
//                                operands
//   wide    4 times tight        the double of a tight element minus a tight
//                                one
//
//   function    inputs                            output
//   Add         any whose sum is below 2^32       the sum of the limbs
//   Subtract    a: any below 2^31, b: tight       at most a + 2u
//   Carry       any                               tight
//   Multiply    a: wide, b: loose                 tight
//   Canonical   tight                             below p, of 26, 25, ... bits
//
// Outputs may alias inputs. A test runs every function on intervals that have
// these bounds (curve25519_field_bounds_test.cc).
//
// kSplit says where a Factor is prepared: in memory, for targets with 16
// registers, or by Multiply in registers, for targets with 32. With 16
// registers the compiler would spill the 38 vectors of a factor to the stack,
// which takes twice the time.
template <class Ops, bool kSplit = (Ops::kLanes < 16)>
struct Curve25519Field {
  using Word = typename Ops::Word;
  using V32 = typename Ops::V32;
  using V64 = typename Ops::V64;
  static constexpr size_t kLanes = Ops::kLanes;
  static constexpr int kLimbs = 10;
  static constexpr size_t kWords = kLimbs * kLanes;
  static constexpr size_t kAlignment = 64;

  static constexpr uint32_t kMask26 = (1u << 26) - 1;
  static constexpr uint32_t kMask25 = (1u << 25) - 1;

  static constexpr int Bits(int limb) { return limb % 2 == 0 ? 26 : 25; }
  static constexpr uint32_t Mask(int limb) {
    return limb % 2 == 0 ? kMask26 : kMask25;
  }
  static constexpr uint32_t MaxTight(int limb) {
    return Mask(limb) + Mask(limb) / 100;
  }
  static constexpr uint32_t MaxLoose(int limb) { return 3 * MaxTight(limb); }
  static constexpr uint32_t MaxWide(int limb) { return 4 * MaxTight(limb); }
  // Returns limb `limb` of 2p.
  static constexpr uint32_t TwoP(int limb) {
    return limb == 0 ? 2 * (kMask26 - 18) : 2 * Mask(limb);
  }

  static HWY_INLINE V32 Limb(const Word* a, int i) {
    return Ops::Load(a + i * kLanes);
  }
  static HWY_INLINE void SetLimb(V32 v, int i, Word* out) {
    Ops::Store(v, out + i * kLanes);
  }

  // The second factor of Multiply. SplitFactor, for targets with few registers,
  // holds the even and the odd lanes apart, and each of them once more times 19
  // (for products of weight 2^255 and above).
  struct alignas(kAlignment) SplitFactor {
    Word even[kWords];
    Word even19[kWords];
    Word odd[kWords];
    Word odd19[kWords];
  };
  static HWY_INLINE void SetLimb(V32 v, int i, SplitFactor& out) {
    SetLimb(v, i, out.even);
    SetLimb(Ops::OddToEven(v), i, out.odd);
    if (i == 0) return;  // No product with limb 0 has a weight of 2^255.
    V32 v19 = Ops::MulLow(v, Ops::Set(19));
    SetLimb(v19, i, out.even19);
    SetLimb(Ops::OddToEven(v19), i, out.odd19);
  }
  struct alignas(kAlignment) PlainFactor {
    Word even[kWords];
  };
  static HWY_INLINE void SetLimb(V32 v, int i, PlainFactor& out) {
    SetLimb(v, i, out.even);
  }
  using Factor = std::conditional_t<kSplit, SplitFactor, PlainFactor>;

  template <class Out>
  static HWY_INLINE void Copy(const Word* a, Out&& out) {
    for (int i = 0; i < kLimbs; ++i) SetLimb(Limb(a, i), i, out);
  }

  template <class Out>
  static HWY_INLINE void Add(const Word* a, const Word* b, Out&& out) {
    for (int i = 0; i < kLimbs; ++i) {
      SetLimb(Ops::Add(Limb(a, i), Limb(b, i)), i, out);
    }
  }

  template <class Out>
  static HWY_INLINE void Subtract(const Word* a, const Word* b, Out&& out) {
    for (int i = 0; i < kLimbs; ++i) {
      V32 raised = Ops::Add(Limb(a, i), Ops::Set(TwoP(i)));
      SetLimb(Ops::Sub(raised, Limb(b, i)), i, out);
    }
  }

  static HWY_INLINE void Carry(const Word* a, Word* out) {
    V32 carry = Ops::MulLow(
        Ops::template ShiftRight<Bits(kLimbs - 1)>(Limb(a, kLimbs - 1)),
        Ops::Set(19));
    for (int i = 0; i < kLimbs; ++i) {
      V32 limb = Limb(a, i);
      V32 low = Ops::And(limb, Ops::Set(Mask(i)));
      SetLimb(Ops::Add(low, carry), i, out);
      carry = High(limb, i);
    }
  }

  // a + 19 reaches 2^255 exactly if a >= p: that bit tells whether to subtract
  // p. To subtract p is to add 19 and to drop bit 255.
  static HWY_INLINE void Canonical(const Word* a, Word* out) {
    V32 carry = Ops::Set(19);
    for (int i = 0; i < kLimbs; ++i) {
      carry = High(Ops::Add(Limb(a, i), carry), i);
    }
    carry = Ops::MulLow(carry, Ops::Set(19));
    for (int i = 0; i < kLimbs; ++i) {
      V32 limb = Ops::Add(Limb(a, i), carry);
      SetLimb(Ops::And(limb, Ops::Set(Mask(i))), i, out);
      carry = High(limb, i);
    }
  }

  static HWY_NOINLINE void Multiply(const Word* a, const Factor& b, Word* out) {
    V64 even[kLimbs], odd[kLimbs];
    V64 even_last[2], odd_last[2];
    if constexpr (kSplit) {
      Rows<false>(a, InMemory{b.even, b.even19}, even, kAll);
      CarryColumns(even, even_last);
      Rows<true>(a, InMemory{b.odd, b.odd19}, odd, kAll);
      CarryColumns(odd, odd_last);
    } else {
      Rows<false>(a, LoadFactor<false>(b.even), even, kAll);
      CarryColumns(even, even_last);
      Rows<true>(a, LoadFactor<true>(b.even), odd, kAll);
      CarryColumns(odd, odd_last);
    }
    for (int i = 0; i < kLimbs; ++i) {
      V32 limb = Ops::And(Ops::LowHalves(even[i], odd[i]), Ops::Set(Mask(i)));
      if (i == 1 || i == 6) {
        limb =
            Ops::Add(limb, Ops::LowHalves(even_last[i / 6], odd_last[i / 6]));
      }
      SetLimb(limb, i, out);
    }
  }

 private:
  // Returns the carry from limb i to limb i + 1.
  static HWY_INLINE V32 High(V32 limb, int i) {
    return i % 2 == 0 ? Ops::template ShiftRight<26>(limb)
                      : Ops::template ShiftRight<25>(limb);
  }

  static constexpr std::make_integer_sequence<int, kLimbs> kAll = {};

  struct InMemory {
    const Word* b;
    const Word* b19;
    template <int j, bool kTimes19>
    HWY_INLINE V32 Get() const {
      return Limb(kTimes19 ? b19 : b, j);
    }
    // Makes the compiler load the factor again for each row: it would otherwise
    // keep the vectors in registers and spill them.
    HWY_INLINE void Forget() { asm volatile("" : "+r"(b), "+r"(b19)); }
  };
  struct InRegisters {
    V32 b[kLimbs];
    V32 b19[kLimbs];
    template <int j, bool kTimes19>
    HWY_INLINE V32 Get() const {
      return kTimes19 ? b19[j] : b[j];
    }
    HWY_INLINE void Forget() {}
  };

  template <bool kOdd>
  static HWY_INLINE InRegisters LoadFactor(const Word* b) {
    asm volatile("" : "+r"(b));
    InRegisters out;
    for (int i = 0; i < kLimbs; ++i) {
      V32 limb = Limb(b, i);
      out.b[i] = kOdd ? Ops::OddToEven(limb) : limb;
      out.b19[i] = Ops::MulLow(out.b[i], Ops::Set(19));
    }
    return out;
  }

  // Adds the product of limb i of `a` and limb j of `b` to its column.
  template <int i, int j, class B>
  static HWY_INLINE void AddTerm(V32 a, V32 a2, const B& b, V64* columns) {
    // 2^ceil(25.5 i) 2^ceil(25.5 j) is twice the weight of limb i + j where i
    // and j are both odd. From limb 10 on the product is reduced by 2^255 = 19.
    V32 left = i % 2 == 1 && j % 2 == 1 ? a2 : a;
    V64 term = Ops::MulEven(left, b.template Get<j, (i + j >= kLimbs)>());
    V64& column = columns[(i + j) % kLimbs];
    column = i == 0 ? term : Ops::Add64(column, term);
  }
  template <int i, class B, int... j>
  static HWY_INLINE void AddRow(V32 a, const B& b, V64* columns,
                                std::integer_sequence<int, j...>) {
    V32 a2 = Ops::Add(a, a);
    (AddTerm<i, j>(a, a2, b, columns), ...);
  }
  template <bool kOdd, class B, int... i>
  static HWY_INLINE void Rows(const Word* a, B b, V64* columns,
                              std::integer_sequence<int, i...>) {
    ((b.Forget(), AddRow<i>(kOdd ? Ops::OddToEven(Limb(a, i)) : Limb(a, i), b,
                            columns, kAll)),
     ...);
  }

  template <int i>
  static HWY_INLINE V64 High(V64 column) {
    return Ops::template ShiftRight64<Bits(i)>(column);
  }
  template <int i>
  static HWY_INLINE V64 Low(V64 column) {
    return Ops::And64(column, Ops::Set64(Mask(i)));
  }
  template <int i>
  static HWY_INLINE void CarryColumn(V64* h) {
    h[i + 1] = Ops::Add64(h[i + 1], High<i>(h[i]));
  }

  // Carries the columns. The low bits of each column are then its limb; the
  // last carries, from limbs 0 and 5 to limbs 1 and 6, are returned in `last`.
  // Two carry chains, which begin at columns 0 and 5, halve the latency.
  static HWY_INLINE void CarryColumns(V64* h, V64* last) {
    CarryColumn<0>(h);
    CarryColumn<5>(h);
    CarryColumn<1>(h);
    CarryColumn<6>(h);
    CarryColumn<2>(h);
    CarryColumn<7>(h);
    CarryColumn<3>(h);
    CarryColumn<8>(h);
    // The carries from limb 4 to 5, and from limb 9 to 0 times 19 = 1 + 2 + 16.
    V64 carry = High<9>(h[9]);
    V64 carry18 = Ops::Add64(Ops::template ShiftLeft64<1>(carry),
                             Ops::template ShiftLeft64<4>(carry));
    h[0] = Ops::Add64(Ops::Add64(Low<0>(h[0]), carry), carry18);
    h[5] = Ops::Add64(Low<5>(h[5]), High<4>(h[4]));
    last[0] = High<0>(h[0]);
    last[1] = High<5>(h[5]);
  }
};

}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PROOFMINT_SIGNER_CRYPTO_CURVE25519_FIELD_INL_H_
