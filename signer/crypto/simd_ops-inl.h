// SimdOps provides the few vector operations that field arithmetic uses, by
// means of Highway. Field code is a template over such a class, so that a test
// can run the same code on intervals and prove that no limb overflows.

// Highway needs an include guard for each target.
#if defined(PROOFMINT_SIGNER_CRYPTO_SIMD_OPS_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PROOFMINT_SIGNER_CRYPTO_SIMD_OPS_INL_H_
#undef PROOFMINT_SIGNER_CRYPTO_SIMD_OPS_INL_H_
#else
#define PROOFMINT_SIGNER_CRYPTO_SIMD_OPS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {

// SimdOps works on vectors of kLanes 32-bit words, one word for each of kLanes
// independent values, and on their products: a vector of 64-bit words holds the
// products of either the even or the odd lanes.
struct SimdOps {
  using D32 = hwy::HWY_NAMESPACE::CappedTag<uint32_t, 16>;
  using D64 = hwy::HWY_NAMESPACE::Repartition<uint64_t, D32>;
  using Word = uint32_t;  // a lane in memory
  using V32 = hwy::HWY_NAMESPACE::Vec<D32>;
  using V64 = hwy::HWY_NAMESPACE::Vec<D64>;
  static constexpr size_t kLanes = hwy::HWY_NAMESPACE::MaxLanes(D32());

  // `p` must be aligned to the size of a vector.
  static HWY_INLINE V32 Load(const Word* p) {
    return hwy::HWY_NAMESPACE::Load(D32(), p);
  }
  static HWY_INLINE void Store(V32 v, Word* p) {
    hwy::HWY_NAMESPACE::Store(v, D32(), p);
  }
  static HWY_INLINE V32 Set(uint32_t value) {
    return hwy::HWY_NAMESPACE::Set(D32(), value);
  }
  static HWY_INLINE V32 Add(V32 a, V32 b) {
    return hwy::HWY_NAMESPACE::Add(a, b);
  }
  static HWY_INLINE V32 Sub(V32 a, V32 b) {
    return hwy::HWY_NAMESPACE::Sub(a, b);
  }
  static HWY_INLINE V32 And(V32 a, V32 b) {
    return hwy::HWY_NAMESPACE::And(a, b);
  }
  template <int kBits>
  static HWY_INLINE V32 ShiftRight(V32 a) {
    return hwy::HWY_NAMESPACE::ShiftRight<kBits>(a);
  }
  template <int kBits>
  static HWY_INLINE V32 ShiftLeft(V32 a) {
    return hwy::HWY_NAMESPACE::ShiftLeft<kBits>(a);
  }
  // Returns `yes` in lanes whose mask is all ones, `no` where it is zero.
  static HWY_INLINE V32 Select(V32 mask, V32 yes, V32 no) {
    return hwy::HWY_NAMESPACE::IfVecThenElse(mask, yes, no);
  }

  // Moves each odd lane to the even lane before it, for MulEven.
  static HWY_INLINE V32 OddToEven(V32 a) {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::BitCast(D32(), hn::ShiftRight<32>(hn::BitCast(D64(), a)));
  }
  static HWY_INLINE V64 MulEven(V32 a, V32 b) {
    return hwy::HWY_NAMESPACE::MulEven(a, b);
  }

  static HWY_INLINE V64 Set64(uint64_t value) {
    return hwy::HWY_NAMESPACE::Set(D64(), value);
  }
  static HWY_INLINE V64 Add64(V64 a, V64 b) {
    return hwy::HWY_NAMESPACE::Add(a, b);
  }
  static HWY_INLINE V64 Sub64(V64 a, V64 b) {
    return hwy::HWY_NAMESPACE::Sub(a, b);
  }
  static HWY_INLINE V64 And64(V64 a, V64 b) {
    return hwy::HWY_NAMESPACE::And(a, b);
  }
  template <int kBits>
  static HWY_INLINE V64 ShiftRight64(V64 a) {
    return hwy::HWY_NAMESPACE::ShiftRight<kBits>(a);
  }
  template <int kBits>
  static HWY_INLINE V64 ShiftLeft64(V64 a) {
    return hwy::HWY_NAMESPACE::ShiftLeft<kBits>(a);
  }
  // Returns the low half of each 64-bit word in the even 32-bit lane, which
  // MulEven reads.
  static HWY_INLINE V32 AsEven(V64 a) {
    return hwy::HWY_NAMESPACE::BitCast(D32(), a);
  }
  // Joins the values of the even and the odd lanes, all below 2^32.
  static HWY_INLINE V32 FromEvenOdd(V64 even, V64 odd) {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::BitCast(D32(), hn::Or(even, hn::ShiftLeft<32>(odd)));
  }
  // Joins the low halves of the values of the even and the odd lanes; the high
  // halves may be anything.
  static HWY_INLINE V32 LowHalves(V64 even, V64 odd) {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::OddEven(hn::DupEven(hn::BitCast(D32(), odd)),
                       hn::BitCast(D32(), even));
  }
  // Multiplies lane by lane; every product must be below 2^32.
  static HWY_INLINE V32 MulLow(V32 a, V32 b) {
    return hwy::HWY_NAMESPACE::Mul(a, b);
  }
};

}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PROOFMINT_SIGNER_CRYPTO_SIMD_OPS_INL_H_
