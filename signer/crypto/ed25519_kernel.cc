// This file computes fixed-base multiplication on Ed25519, with one scalar in
// each vector lane.
//
// If a scalar k is even, it is first made odd: the group order L is added. An
// odd k is the sum of d_i * 2^(7i) over 37 windows, with odd digits d_i,
// |d_i| < 128: with q = (k - 1) / 2 and c_i the 7-bit digits of q + 2^258,
//   sum of (2 c_i - 127) 2^(7i) = 2 (q + 2^258) - (2^259 - 1) = k.
// So every window adds one table entry or its negative, never the neutral
// element. The index j of |d_i| = 2j + 1 is c_i - 64 if c_i >= 64, and 63 - c_i
// otherwise: the low six bits of c_i, which are inverted in the second case.

#include "signer/crypto/ed25519_kernel.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "signer/crypto/ed25519_kernel.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <hwy/highway.h>

#include "signer/crypto/constant_time.h"
#include "signer/crypto/curve25519_field-inl.h"
#include "signer/crypto/curve25519_point-inl.h"
#include "signer/crypto/ed25519_base_table.h"
#include "signer/crypto/modular_inverse.h"
#include "signer/crypto/scalar_field.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/simd_ops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Field = Curve25519Field<SimdOps>;
using Point = Curve25519Point<SimdOps>;
using D32 = SimdOps::D32;
using V32 = SimdOps::V32;
using M32 = hn::Mask<D32>;
using Indices = decltype(hn::IndicesFromVec(D32(), V32()));

constexpr size_t kLanes = SimdOps::kLanes;
constexpr size_t kMaxVectors = kKernelBatchSize / kLanes;
constexpr size_t kScalarWords = 9;  // q + 2^258
constexpr int kLaneBits = kLanes == 16 ? 4 : kLanes == 8 ? 3 : 2;
static_assert(kLanes == size_t{1} << kLaneBits);
constexpr int kIndexBits = 6;
static_assert(kEd25519Entries == 1 << kIndexBits);
constexpr size_t kChunks = kEd25519Entries / kLanes;

// The order of the base point.
constexpr Limbs256 kGroupOrder = Ed25519Order::kOrder;

struct alignas(64) Element {
  uint32_t words[Field::kWords];
};

// Scratch holds all secret values that are kept in memory.
struct Scratch {
  alignas(64) uint32_t scalars[kScalarWords][kKernelBatchSize];
  Limbs256 limbs;
  Point::Extended points[kMaxVectors];
  Point::Niels entry;
  Point::Scratch point;
  Element prefixes[kMaxVectors];    // products of the Z of vectors 0 to v
  Element products[kLaneBits + 1];  // products of 1, 2, 4, ... lanes
  Element inverse;
  Field::Factor factor;
};

// Computes q + 2^258 for a scalar and writes it to column `slot`.
void Recode(const Limbs256& scalar, size_t slot, Scratch& s) {
  uint64_t if_even = ValueBarrier((scalar[0] & 1) - 1);
  unsigned __int128 sum = 0;
  for (size_t i = 0; i < 4; ++i) {
    sum += scalar[i];
    sum += kGroupOrder[i] & if_even;
    s.limbs[i] = static_cast<uint64_t>(sum);
    sum >>= 64;
  }
  for (size_t i = 0; i < 4; ++i) {
    uint64_t half = s.limbs[i] >> 1;
    if (i < 3) half |= s.limbs[i + 1] << 63;
    s.scalars[2 * i][slot] = static_cast<uint32_t>(half);
    s.scalars[2 * i + 1][slot] = static_cast<uint32_t>(half >> 32);
  }
  s.scalars[8][slot] = 1 << (258 - 256);
}

// Returns the 7-bit digits c_i of a window, for the lanes of a vector.
HWY_INLINE V32 Digits(const Scratch& s, size_t window, size_t vector) {
  D32 d;
  size_t bit = window * kEd25519WindowBits;
  size_t word = bit / 32;
  int shift = static_cast<int>(bit % 32);
  size_t column = vector * kLanes;
  V32 digits = hn::ShiftRightSame(hn::Load(d, s.scalars[word] + column), shift);
  if (shift + kEd25519WindowBits > 32) {
    V32 high = hn::Load(d, s.scalars[word + 1] + column);
    digits = hn::Or(digits, hn::ShiftLeftSame(high, 32 - shift));
  }
  return hn::And(digits, hn::Set(d, (1 << kEd25519WindowBits) - 1));
}

// Index is a table index in the form that Select needs.
struct Index {
  V32 lane_number;
  Indices lane;                      // the low kLaneBits bits
  M32 bits[kIndexBits - kLaneBits];  // the other ones
};

// Returns the indexed entry of a row of the table: permutes each of the kCount
// chunks of the row and selects among the results with a tree of blends. Every
// word of the row is read. EMU128 implements a permutation as memory accesses
// at the index; on that target all words of a chunk are compared instead.
template <size_t kCount>
HWY_INLINE V32 Select(const uint32_t* row, const Index& index) {
  if constexpr (kCount == 1 && HWY_TARGET == HWY_EMU128) {
    D32 d;
    V32 found = hn::Zero(d);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      V32 number = hn::Set(d, static_cast<uint32_t>(lane));
      V32 is_lane = hn::VecFromMask(d, hn::Eq(index.lane_number, number));
      found = hn::Or(found, hn::And(is_lane, hn::Set(d, row[lane])));
    }
    return found;
  } else if constexpr (kCount == 1) {
    return hn::TableLookupLanes(hn::Load(D32(), row), index.lane);
  } else {
    constexpr size_t kHalf = kCount / 2;
    constexpr int kBit = kHalf == 1 ? 0 : kHalf == 2 ? 1 : kHalf == 4 ? 2 : 3;
    V32 low = Select<kHalf>(row, index);
    V32 high = Select<kHalf>(row + kHalf * kLanes, index);
    return hn::IfThenElse(index.bits[kBit], high, low);
  }
}

// Looks up the points for the digits of one window.
HWY_NOINLINE void LookUp(size_t window, V32 digits, Point::Niels& out) {
  D32 d;
  constexpr uint32_t kSign = 1 << kIndexBits;
  M32 negative = hn::Eq(hn::And(digits, hn::Set(d, kSign)), hn::Zero(d));
  V32 inverted = hn::Xor(digits, hn::Set(d, kSign - 1));
  V32 j = hn::IfThenElse(negative, inverted, digits);
  Index index;
  index.lane_number = hn::And(j, hn::Set(d, uint32_t{kLanes - 1}));
  index.lane = hn::IndicesFromVec(d, index.lane_number);
  for (int i = 0; i < kIndexBits - kLaneBits; ++i) {
    index.bits[i] = hn::TestBit(j, hn::Set(d, uint32_t{kLanes} << i));
  }
  const auto& table = kEd25519BaseTable[window];
  for (int i = 0; i < Field::kLimbs; ++i) {
    V32 sum = Select<kChunks>(table[i], index);
    V32 difference = Select<kChunks>(table[Field::kLimbs + i], index);
    V32 product = Select<kChunks>(table[2 * Field::kLimbs + i], index);
    // As -(x, y) = (-x, y), y + x and y - x change places, and 2dxy its sign.
    V32 negated = hn::Sub(hn::Set(d, Field::TwoP(i)), product);
    Field::SetLimb(hn::IfThenElse(negative, difference, sum), i, out.y_plus_x);
    Field::SetLimb(hn::IfThenElse(negative, sum, difference), i, out.y_minus_x);
    Field::SetLimb(hn::IfThenElse(negative, negated, product), i, out.dxy2);
  }
}

// Adds up the points of all windows, for all vectors.
HWY_INLINE void AddWindows(size_t vectors, Scratch& s) {
  for (size_t v = 0; v < vectors; ++v) {
    LookUp(0, Digits(s, 0, v), s.entry);
    Point::FromNiels(s.entry, s.point, s.points[v]);
  }
  for (size_t window = 1; window + 1 < kEd25519Windows; ++window) {
    for (size_t v = 0; v < vectors; ++v) {
      LookUp(window, Digits(s, window, v), s.entry);
      Point::Add<true>(s.entry, s.point, s.points[v]);
    }
  }
  for (size_t v = 0; v < vectors; ++v) {
    LookUp(kEd25519Windows - 1, Digits(s, kEd25519Windows - 1, v), s.entry);
    Point::Add<false>(s.entry, s.point, s.points[v]);
  }
}

// Writes lane (i + by) % kLanes of `in` to lane i of `out`.
HWY_INLINE void Rotate(const Element& in, size_t by, Field::Factor& out) {
  D32 d;
  V32 lanes = hn::Add(hn::Iota(d, 0), hn::Set(d, static_cast<uint32_t>(by)));
  Indices indices =
      hn::IndicesFromVec(d, hn::And(lanes, hn::Set(d, uint32_t{kLanes - 1})));
  for (int i = 0; i < Field::kLimbs; ++i) {
    V32 limb = Field::Limb(in.words, i);
    Field::SetLimb(hn::TableLookupLanes(limb, indices), i, out);
  }
}

// Joins the canonical limbs of one lane to a 255-bit number.
HWY_INLINE void Pack(const uint32_t* words, size_t lane, Limbs256& out) {
  uint64_t l[Field::kLimbs];
  for (size_t i = 0; i < Field::kLimbs; ++i) l[i] = words[i * kLanes + lane];
  out[0] = l[0] | l[1] << 26 | l[2] << 51;
  out[1] = l[2] >> 13 | l[3] << 13 | l[4] << 38;
  out[2] = l[5] | l[6] << 25 | l[7] << 51;
  out[3] = l[7] >> 13 | l[8] << 12 | l[9] << 38;
}

// Writes the limbs of a 255-bit number to every lane.
HWY_INLINE void Broadcast(const Limbs256& value, uint32_t* words) {
  for (int i = 0; i < Field::kLimbs; ++i) {
    size_t bit = static_cast<size_t>((51 * i + 1) / 2);
    uint64_t limb = value[bit / 64] >> bit % 64;
    if (bit % 64 > 38 && bit / 64 < 3) {
      limb |= value[bit / 64 + 1] << (64 - bit % 64);
    }
    V32 v = SimdOps::Set(static_cast<uint32_t>(limb) & Field::Mask(i));
    Field::SetLimb(v, i, words);
  }
}

// Inverts an element lane by lane, with one inversion of the product of all
// lanes.
HWY_INLINE void Invert(const Element& in, Scratch& s, Element& out) {
  s.products[0] = in;
  for (int i = 0; i < kLaneBits; ++i) {
    Rotate(s.products[i], size_t{1} << i, s.factor);
    Field::Multiply(s.products[i].words, s.factor, s.products[i + 1].words);
  }
  Field::Canonical(s.products[kLaneBits].words, out.words);
  Pack(out.words, 0, s.limbs);
  s.limbs = InvertModulo(PrimeModulus::kCurve25519Field, s.limbs);
  Broadcast(s.limbs, out.words);
  for (int i = kLaneBits - 1; i >= 0; --i) {
    Rotate(s.products[i], size_t{1} << i, s.factor);
    Field::Multiply(out.words, s.factor, out.words);
  }
}

// Writes the encoded points. These leave the kernel: the caller declassifies
// them.
HWY_INLINE void Encode(const Point::Extended& p, const Element& inverse,
                       Scratch& s, std::span<std::array<uint8_t, 32>> points) {
  Field::Copy(inverse.words, s.factor);
  Field::Multiply(p.x, s.factor, s.point.a);
  Field::Canonical(s.point.a, s.point.a);
  Field::Multiply(p.y, s.factor, s.point.b);
  Field::Canonical(s.point.b, s.point.b);
  for (size_t lane = 0; lane < points.size(); ++lane) {
    Pack(s.point.b, lane, s.limbs);
    s.limbs[3] |= uint64_t{s.point.a[lane] & 1} << 63;
    std::memcpy(points[lane].data(), s.limbs.data(), 32);
  }
}

void MultiplyWithScratch(std::span<const Limbs256> scalars,
                         std::span<std::array<uint8_t, 32>> points,
                         Scratch& s) {
  size_t vectors = (scalars.size() + kLanes - 1) / kLanes;
  for (size_t i = 0; i < vectors * kLanes; ++i) {
    constexpr Limbs256 kPadding = {1, 0, 0, 0};
    Recode(i < scalars.size() ? scalars[i] : kPadding, i, s);
  }
  AddWindows(vectors, s);

  // All vectors share one inversion (Montgomery's trick):
  // prefixes[v] = z[0] * ... * z[v].
  Field::Copy(s.points[0].z, s.prefixes[0].words);
  for (size_t v = 1; v < vectors; ++v) {
    Field::Copy(s.points[v].z, s.factor);
    Field::Multiply(s.prefixes[v - 1].words, s.factor, s.prefixes[v].words);
  }
  Invert(s.prefixes[vectors - 1], s, s.inverse);
  for (size_t v = vectors; v-- > 0;) {
    // s.inverse is 1 / prefixes[v].
    Element& inverse = v == 0 ? s.inverse : s.prefixes[v];
    if (v > 0) {
      Field::Copy(s.inverse.words, s.factor);
      Field::Multiply(s.prefixes[v - 1].words, s.factor, inverse.words);
      Field::Multiply(s.points[v].z, s.factor, s.inverse.words);
    }
    size_t first = v * kLanes;
    Encode(s.points[v], inverse, s,
           points.subspan(first, std::min(kLanes, points.size() - first)));
  }
}

void MultiplyBatch(std::span<const Limbs256> scalars,
                   std::span<std::array<uint8_t, 32>> points) {
  RunWithScratch<Scratch>([&](Scratch& scratch) HWY_ATTR {
    MultiplyWithScratch(scalars, points, scratch);
  });
}

int64_t Target() { return HWY_TARGET; }

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {

HWY_EXPORT(MultiplyBatch);
HWY_EXPORT(Target);

void MultiplyEd25519Base(std::span<const Limbs256> scalars,
                         std::span<std::array<uint8_t, 32>> points) {
#if (HWY_TARGETS & HWY_AVX3) && (HWY_TARGETS & HWY_AVX2)
  // On AVX2 eight lanes are a full vector, which takes two thirds of the time
  // of a half-filled vector of sixteen lanes.
  if (scalars.size() <= 8 && Ed25519KernelTarget() == HWY_AVX3) {
    N_AVX2::MultiplyBatch(scalars, points);
    return;
  }
#endif
  HWY_DYNAMIC_DISPATCH(MultiplyBatch)(scalars, points);
}

int64_t Ed25519KernelTarget() { return HWY_DYNAMIC_DISPATCH(Target)(); }

}  // namespace proofmint::crypto
#endif  // HWY_ONCE
