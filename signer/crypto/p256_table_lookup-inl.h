// P256TableLookup looks up secret digits in the table of P-256's base point. It
// permutes vectors in registers: it reads every vector of a row, whatever the
// digits are.

// Highway needs an include guard for each target.
#if defined(PROOFMINT_SIGNER_CRYPTO_P256_TABLE_LOOKUP_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PROOFMINT_SIGNER_CRYPTO_P256_TABLE_LOOKUP_INL_H_
#undef PROOFMINT_SIGNER_CRYPTO_P256_TABLE_LOOKUP_INL_H_
#else
#define PROOFMINT_SIGNER_CRYPTO_P256_TABLE_LOOKUP_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "signer/crypto/p256_base_table.h"
#include "signer/crypto/p256_field-inl.h"
#include "signer/crypto/simd_ops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {

// P256TableLookup holds the digits of one window of kLanes scalars. A digit is
// 2c - 127, where c is the 7-bit number in its lane. Constant time.
class P256TableLookup {
 public:
  using Ops = SimdOps;
  using Field = P256Field<Ops>;

  explicit HWY_INLINE P256TableLookup(const uint32_t* c_of_lanes) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<Ops::D32> signed_words;
    const Ops::V32 c = Ops::Load(c_of_lanes);
    // Bit 6 of c is clear if the digit is negative; it becomes the sign bit.
    negative_ = hn::BitCast(Ops::D32(),
                            hn::BroadcastSignBit(hn::BitCast(
                                signed_words, hn::Not(hn::ShiftLeft<25>(c)))));
    entry_ = Ops::And(hn::Xor(c, negative_), Ops::Set(kP256WindowEntries - 1));
  }

  // Writes the x coordinates of the digits' points. Gives Reduced.
  HWY_INLINE void LookUpX(const P256WindowTable& table, uint32_t* x) const {
    const Selector selector(entry_);
    for (size_t i = 0; i < Field::kLimbs; ++i) {
      Ops::Store(selector.Select(table[i]), x + i * Ops::kLanes);
    }
  }

  // Writes their y coordinates, negated where the digit is negative. Gives
  // Signed.
  HWY_INLINE void LookUpY(const P256WindowTable& table, uint32_t* y) const {
    const Selector selector(entry_);
    for (size_t i = 0; i < Field::kLimbs; ++i) {
      const Ops::V32 limb = selector.Select(table[Field::kLimbs + i]);
      Ops::Store(Field::NegateLimbIf(i, negative_, limb), y + i * Ops::kLanes);
    }
  }

 private:
#if HWY_TARGET == HWY_EMU128
  // Emulated permutes would index memory by secret values. So this compares the
  // entry with every index.
  class Selector {
   public:
    explicit HWY_INLINE Selector(Ops::V32 entry) : entry_(entry) {}
    HWY_INLINE Ops::V32 Select(const uint32_t* row) const {
      Ops::V32 sum = Ops::Set(0);
      for (uint32_t i = 0; i < kP256WindowEntries; ++i) {
        // difference - 1 has its top bit set only where the entry is i; so
        // is_other is zero there, and all ones elsewhere.
        const Ops::V32 difference =
            hwy::HWY_NAMESPACE::Xor(entry_, Ops::Set(i));
        const Ops::V32 is_other =
            Ops::Sub(Ops::ShiftRight<31>(Ops::Sub(difference, Ops::Set(1))),
                     Ops::Set(1));
        sum = Ops::Add(sum,
                       hwy::HWY_NAMESPACE::AndNot(is_other, Ops::Set(row[i])));
      }
      return sum;
    }

   private:
    const Ops::V32 entry_;
  };
#else
  // Permutes each vector by the low bits of the entry, and selects among the
  // results by its other bits, with a tree of blends.
  class Selector {
   public:
    explicit HWY_INLINE Selector(Ops::V32 entry)
        : in_vector_(hwy::HWY_NAMESPACE::IndicesFromVec(
              Ops::D32(), Ops::And(entry, Ops::Set(Ops::kLanes - 1)))) {
      uint32_t bit = Ops::kLanes;
      for (size_t i = 0; i < kLevels; ++i, bit *= 2) {
        is_upper_[i] = hwy::HWY_NAMESPACE::TestBit(entry, Ops::Set(bit));
      }
    }
    HWY_INLINE Ops::V32 Select(const uint32_t* row) const {
      return SelectAmong<kLevels>(row);
    }

   private:
    static constexpr size_t kLevels =
        std::bit_width(kP256WindowEntries / Ops::kLanes) - 1;

    // Selects among the 2^kLevel vectors that start at `row`.
    template <size_t kLevel>
    HWY_INLINE Ops::V32 SelectAmong(const uint32_t* row) const {
      namespace hn = hwy::HWY_NAMESPACE;
      if constexpr (kLevel == 0) {
        return hn::TableLookupLanes(Ops::Load(row), in_vector_);
      } else {
        constexpr size_t kHalf = (size_t{1} << (kLevel - 1)) * Ops::kLanes;
        const Ops::V32 lower = SelectAmong<kLevel - 1>(row);
        const Ops::V32 upper = SelectAmong<kLevel - 1>(row + kHalf);
        return hn::IfThenElse(is_upper_[kLevel - 1], upper, lower);
      }
    }

    const decltype(hwy::HWY_NAMESPACE::IndicesFromVec(Ops::D32(),
                                                      Ops::V32())) in_vector_;
    hwy::HWY_NAMESPACE::Mask<Ops::D32> is_upper_[kLevels];
  };
#endif  // HWY_TARGET == HWY_EMU128

  Ops::V32 entry_;
  Ops::V32 negative_;  // all ones or zero
};

}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_TABLE_LOOKUP_INL_H_
