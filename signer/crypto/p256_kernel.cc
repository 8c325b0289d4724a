// This file multiplies a batch of scalars by the base point. An odd scalar is a
// sum of 37 odd digits, each between -127 and 127, times 2^(7i), so no window
// ever adds the neutral element. Each scalar has one lane. Its windows are
// divided into 8 or 16 groups of neighbouring windows, each with an accumulator
// of its own. A round adds one point to every accumulator of every scalar; all
// these additions, of affine points, share one inversion. At the end the
// accumulators are merged pairwise.
//
// Exceptional cases. The affine addition of P and Q fails for P = +-Q. Within a
// group, and in all merges but the last, this cannot happen: as integers the
// summands differ in size; and modulo the odd group order n both are multiples
// of a power of two that is too large for their sum or difference to be a
// multiple of n. The last merge adds L, of the windows below bit s, and H, of
// the windows above, with H + L = k, 0 < k < n and |L| < 2^s. It fails if
// H - L = n, that is, if H = n + L = (n + k) / 2 < n. As H is an odd multiple
// of 2^s, it could only be n rounded down to a multiple of 2^s, and only if
// that is an odd multiple. For s = 126, the middle of both 8 and 16 groups, it
// is an even one: no scalar is exceptional. Nevertheless every round checks its
// product of differences for zero.

#include "signer/crypto/p256_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "signer/crypto/p256_kernel.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "signer/crypto/constant_time.h"
#include "signer/crypto/modular_inverse.h"
#include "signer/crypto/p256_base_table.h"
#include "signer/crypto/p256_field-inl.h"
#include "signer/crypto/p256_table_lookup-inl.h"
#include "signer/crypto/scalar_field.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/simd_ops-inl.h"

// The code in this section does not depend on the target: it handles the
// integers of one scalar.
#ifndef PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_ONCE_
#define PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_ONCE_
namespace proofmint::crypto {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr Limbs256 kFieldPrime = {0xffffffffffffffff, 0x00000000ffffffff, 0,
                                  0xffffffff00000001};
constexpr Limbs256 kGroupOrder = P256Order::kOrder;

constexpr unsigned kWindowBits = 7;
constexpr unsigned kLimbBits = 29;

// Writes a - b modulo 2^256 to `out` and returns the borrow, 0 or 1.
inline uint64_t SubtractLimbs(const Limbs256& a, const Limbs256& b,
                              Limbs256& out) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const Uint128 difference = Uint128{a[i]} - b[i] - borrow;
    out[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  return borrow;
}

// Writes `yes` to `out` if the mask is all ones, and `no` if it is zero. `out`
// may alias both.
inline void SelectLimbs(uint64_t mask, const Limbs256& yes, const Limbs256& no,
                        Limbs256& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = no[i] ^ ((yes[i] ^ no[i]) & mask);
  }
}

// Returns all ones if `bit` is 1, and zero if it is 0.
inline uint64_t MaskFromBit(uint64_t bit) { return ValueBarrier(0 - bit); }

// Recoding holds the intermediate values of RecodeScalar.
struct Recoding {
  Limbs256 odd;  // the scalar, or its negative modulo n if it is even
  Limbs256 negated;
};

// Writes 37 numbers c[i], `stride` words apart, such that the digits of the
// scalar k are 2 * c[i] - 127. If k is even, they are the digits of n - k, and
// the result must be negated: `negated` becomes all ones, and zero otherwise.
// For odd k the c[i] are the digits of (k - 1) / 2 + 2^258 in radix 2^7.
inline void RecodeScalar(const Limbs256& scalar, Recoding& recoding,
                         uint32_t* c, size_t stride, uint32_t& negated) {
  const uint64_t is_even = MaskFromBit((scalar[0] & 1) ^ 1);
  SubtractLimbs(kGroupOrder, scalar, recoding.negated);
  SelectLimbs(is_even, recoding.negated, scalar, recoding.odd);
  negated = static_cast<uint32_t>(is_even);
  Limbs256& odd = recoding.odd;
  for (size_t window = 0; window < kP256Windows; ++window) {
    // Bit 0 of (k - 1) / 2 is bit 1 of k; 2^258 is bit 6 of the top window.
    const size_t bit = window * kWindowBits + 1;
    const size_t word = bit / 64;
    const unsigned shift = bit % 64;
    uint64_t bits = word < odd.size() ? odd[word] >> shift : 0;
    if (shift > 64 - kWindowBits && word + 1 < odd.size()) {
      bits |= odd[word + 1] << (64 - shift);
    }
    if (window == kP256Windows - 1) bits |= 64;
    c[window * stride] = static_cast<uint32_t>(bits & 127);
  }
}

// Conversion holds the intermediate values of LimbsFromElement.
struct Conversion {
  std::array<uint64_t, 5> wide;
  Limbs256 reduced;
};

// Reads nine limbs below 2^29, `stride` words apart, of a value below 2p, and
// writes the value, fully reduced, to `out`.
inline void LimbsFromElement(const uint32_t* element, size_t stride,
                             Conversion& conversion, Limbs256& out) {
  std::array<uint64_t, 5>& wide = conversion.wide;
  wide = {};
  for (size_t i = 0; i < 9; ++i) {
    const size_t bit = i * kLimbBits;
    const uint64_t limb = element[i * stride];
    wide[bit / 64] |= limb << (bit % 64);
    if (bit % 64 > 64 - kLimbBits) {
      wide[bit / 64 + 1] |= limb >> (64 - bit % 64);
    }
  }
  std::copy_n(wide.begin(), out.size(), out.begin());
  const uint64_t borrow = SubtractLimbs(out, kFieldPrime, conversion.reduced);
  // The value is below p if the subtraction borrowed and bit 256 is clear.
  SelectLimbs(MaskFromBit(borrow & (wide[4] ^ 1)), out, conversion.reduced,
              out);
}

inline void StoreBigEndian(const Limbs256& value, std::span<uint8_t, 32> out) {
  for (size_t i = 0; i < value.size(); ++i) {
    const uint64_t bytes = __builtin_bswap64(value[value.size() - 1 - i]);
    std::memcpy(out.data() + 8 * i, &bytes, sizeof(bytes));
  }
}

}  // namespace
}  // namespace proofmint::crypto
#endif  // PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_ONCE_

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

using Ops = SimdOps;
using Field = P256Field<Ops>;

constexpr size_t kLanes = Ops::kLanes;
constexpr size_t kLimbs = Field::kLimbs;
constexpr size_t kMaxVectors = kKernelBatchSize / kLanes;

// The number of accumulators of a scalar. With more of them there are fewer
// rounds and inversions, and a larger working set: 16 in batches that fill at
// most half of the vectors, 8 in larger ones.
constexpr size_t kGroups = 8;
constexpr size_t kSmallBatchGroups = 16;

struct alignas(kLanes * sizeof(uint32_t)) Element {
  uint32_t words[Field::kWords];
};

// Accumulator is the sum of one group of windows, for kLanes scalars.
struct Accumulator {
  Element x, y;     // Reduced
  Element other_x;  // x of the point of the window that is being added
  Element prefix;   // product of the differences of all earlier additions of
                    // the round
};

struct LaneScalars {
  alignas(64) uint32_t c[kP256Windows][kLanes];
  alignas(64) uint32_t negated[kLanes];
};

// Scratch holds all values that a batch computes from the scalars.
struct alignas(64) Scratch {
  void Start(size_t slots) {
    vectors = (slots + kLanes - 1) / kLanes;
    groups = 2 * vectors > kMaxVectors ? kGroups : kSmallBatchGroups;
    working.is_exceptional = 0;
  }

  // Wipes the parts that have been used.
  void Wipe() {
    // The analyzer believes that the call in RunWithScratch writes nothing.
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
    Wipe(accumulators, vectors * groups * sizeof(Accumulator));
    Wipe(scalars, vectors * sizeof(LaneScalars));
    Wipe(&working, sizeof(working));
  }
  static void Wipe(void* memory, size_t size) {
    WipeMemory({static_cast<uint8_t*>(memory), size});
  }

  Accumulator& At(size_t group, size_t vector) {
    return accumulators[group * vectors + vector];
  }

  size_t vectors;
  size_t groups;
  struct Working {
    Element product, inverse, difference, slope, y, others;
    Limbs256 value;
    Recoding recoding;
    Conversion conversion;
    uint64_t is_exceptional;  // all ones once a product was zero
  } working;
  LaneScalars scalars[kMaxVectors];
  Accumulator accumulators[kGroups * kMaxVectors];
};

size_t FirstWindow(const Scratch& scratch, size_t group) {
  return group * kP256Windows / scratch.groups;
}

// The upper half of the windows starts at bit 126, and floor(n / 2^126) is
// even.
static_assert(kGroups / 2 * kP256Windows / kGroups * kWindowBits == 126);
static_assert(kSmallBatchGroups / 2 * kP256Windows / kSmallBatchGroups *
                  kWindowBits ==
              126);
static_assert((kGroupOrder[1] >> (126 - 64) & 1) == 0);

// Addition adds to the accumulator `to` either the accumulator `from` or, if
// that is null, the points of `table` for the numbers `c`.
struct Addition {
  Accumulator* to;
  const Accumulator* from;
  const P256WindowTable* table;
  const uint32_t* c;

  const uint32_t* OtherX() const {
    return from != nullptr ? from->x.words : to->other_x.words;
  }
};

// Round lists the additions of a round, in order.
struct Round {
  size_t size = 0;
  Addition additions[kGroups * kMaxVectors];
};

// R^3 = 2^783 mod p. The inverse of a value in Montgomery form, multiplied by
// R^3, is the inverse in Montgomery form.
constexpr uint32_t kRCubed[kLimbs] = {0x00050000, 0x1ff40000, 0x1effffff,
                                      0x0dffffff, 0x07ffffff, 0x1fffffff,
                                      0x0000000b, 0x00000010, 0x00000c00};

// Writes the nine limbs to every lane of `out`.
void SetAllLanes(const uint32_t* limbs, Element& out) {
  for (size_t i = 0; i < kLimbs; ++i) {
    Ops::Store(Ops::Set(limbs[i]), out.words + i * kLanes);
  }
}

// Writes lane (i + distance) % kLanes of `in` to lane i of `out`.
void RotateLanes(const Element& in, size_t distance, Element& out) {
  namespace hn = hwy::HWY_NAMESPACE;
  alignas(64) uint32_t lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    lanes[i] = static_cast<uint32_t>((i + distance) % kLanes);
  }
  const auto indices = hn::IndicesFromVec(Ops::D32(), Ops::Load(lanes));
  for (size_t i = 0; i < kLimbs; ++i) {
    const Ops::V32 limb = Ops::Load(in.words + i * kLanes);
    Ops::Store(hn::TableLookupLanes(limb, indices), out.words + i * kLanes);
  }
}

// Sets working.inverse to 1 / working.product in each lane. The values of all
// lanes are multiplied together, and only the product is inverted.
void InvertProduct(Scratch& scratch) {
  namespace hn = hwy::HWY_NAMESPACE;
  auto& w = scratch.working;
  // Each even lane gets the product of itself and its odd neighbour.
  RotateLanes(w.product, 1, w.inverse);
  Field::MultiplyEven(w.product.words, w.inverse.words, w.slope.words);
  // After a step `slope` is, in each even lane i, the product of the lanes i to
  // i + 2 * distance - 1, and `others` that without the lanes i and i + 1.
  for (size_t distance = 2; distance < kLanes; distance *= 2) {
    RotateLanes(w.slope, distance, w.inverse);
    if (distance == 2) {
      w.others = w.inverse;
    } else {
      Field::MultiplyEven(w.others.words, w.inverse.words, w.others.words);
    }
    Field::MultiplyEven(w.slope.words, w.inverse.words, w.slope.words);
  }
  LimbsFromElement(w.slope.words, kLanes, w.conversion, w.value);
  uint64_t any = 0;
  for (uint64_t limb : w.value) any |= limb;
  w.is_exceptional |= MaskFromBit(((any | (0 - any)) >> 63) ^ 1);

  w.value = InvertModulo(PrimeModulus::kP256Field, w.value);
  uint32_t* limbs = w.slope.words;
  for (size_t i = 0; i < kLimbs; ++i) {
    const size_t bit = i * kLimbBits;
    uint64_t limb = w.value[bit / 64] >> (bit % 64);
    if (bit % 64 > 64 - kLimbBits && bit / 64 + 1 < w.value.size()) {
      limb |= w.value[bit / 64 + 1] << (64 - bit % 64);
    }
    limbs[i] = static_cast<uint32_t>(limb) & Field::kLimbMask;
  }
  SetAllLanes(limbs, w.inverse);
  SetAllLanes(kRCubed, w.difference);
  Field::MultiplyEven(w.inverse.words, w.difference.words, w.inverse.words);
  Field::MultiplyEven(w.others.words, w.inverse.words, w.inverse.words);
  // The inverse of a lane is the inverse of the product of its pair, times the
  // other lane of the pair.
  for (size_t i = 0; i < Field::kWords; i += kLanes) {
    Ops::Store(hn::DupEven(Ops::Load(w.inverse.words + i)),
               w.inverse.words + i);
    Ops::Store(hn::Shuffle2301(Ops::Load(w.product.words + i)),
               w.product.words + i);
  }
  Field::Multiply(w.product.words, w.inverse.words, w.inverse.words);
}

// Adds points by the chord rule. Each addition takes 5 multiplications and one
// squaring, its share of one inversion included (Montgomery's trick):
//   slope = (y2 - y1) / (x2 - x1), x3 = slope^2 - x1 - x2,
//   y3 = slope (x1 - x3) - y1.
void AddPoints(Scratch& scratch, const Round& round) {
  auto& w = scratch.working;
  for (size_t i = 0; i < round.size; ++i) {
    const Addition& addition = round.additions[i];
    Accumulator& to = *addition.to;
    if (addition.from == nullptr) {
      P256TableLookup(addition.c).LookUpX(*addition.table, to.other_x.words);
    }
    if (i == 0) {
      Field::SubtractReduced(addition.OtherX(), to.x.words, w.product.words);
    } else {
      to.prefix = w.product;
      Field::MultiplyDifference(addition.OtherX(), to.x.words, w.product.words,
                                w.product.words);
    }
  }
  InvertProduct(scratch);
  for (size_t i = round.size; i-- > 0;) {
    const Addition& addition = round.additions[i];
    Accumulator& to = *addition.to;
    const uint32_t* other_x = addition.OtherX();
    const uint32_t* other_y = w.y.words;
    if (addition.from == nullptr) {
      P256TableLookup(addition.c).LookUpY(*addition.table, w.y.words);
    } else {
      other_y = addition.from->y.words;
    }
    const uint32_t* inverse = w.inverse.words;
    if (i != 0) {
      Field::Multiply(to.prefix.words, w.inverse.words, to.prefix.words);
      inverse = to.prefix.words;
      Field::MultiplyDifference(other_x, to.x.words, w.inverse.words,
                                w.inverse.words);
    }
    Field::MultiplyDifference(other_y, to.y.words, inverse, w.slope.words);
    Field::Square(w.slope.words, w.difference.words);
    Field::SubtractBothReduced(w.difference.words, to.x.words, other_x,
                               w.difference.words);
    Field::MultiplyDifference(to.x.words, w.difference.words, w.slope.words,
                              w.slope.words);
    to.x = w.difference;
    Field::SubtractReduced(w.slope.words, to.y.words, to.y.words);
  }
}

// Converts the scalars to digits. Lanes without a scalar get 1, which is odd
// and not exceptional.
HWY_NOINLINE void RecodeScalars(Scratch& scratch,
                                std::span<const Limbs256> scalars) {
  constexpr Limbs256 kPadding = {1, 0, 0, 0};
  for (size_t i = 0; i < scratch.vectors * kLanes; ++i) {
    LaneScalars& vector = scratch.scalars[i / kLanes];
    const size_t lane = i % kLanes;
    RecodeScalar(i < scalars.size() ? scalars[i] : kPadding,
                 scratch.working.recoding, &vector.c[0][lane], kLanes,
                 vector.negated[lane]);
  }
}

// Sets every accumulator to the point of its lowest window.
HWY_NOINLINE void StartGroups(Scratch& scratch) {
  for (size_t group = 0; group < scratch.groups; ++group) {
    const size_t window = FirstWindow(scratch, group);
    const P256WindowTable& table = kP256BaseTable[window];
    for (size_t v = 0; v < scratch.vectors; ++v) {
      Accumulator& accumulator = scratch.At(group, v);
      const P256TableLookup lookup(scratch.scalars[v].c[window]);
      lookup.LookUpX(table, accumulator.x.words);
      lookup.LookUpY(table, accumulator.y.words);
      Field::Reduce(accumulator.y.words, accumulator.y.words);
    }
  }
}

// Adds the points of all other windows to the accumulators.
HWY_NOINLINE void AddWindows(Scratch& scratch) {
  const size_t rounds = (kP256Windows + scratch.groups - 1) / scratch.groups;
  for (size_t step = 1; step < rounds; ++step) {
    Round round;
    for (size_t group = 0; group < scratch.groups; ++group) {
      const size_t window = FirstWindow(scratch, group) + step;
      if (window >= FirstWindow(scratch, group + 1)) continue;
      for (size_t v = 0; v < scratch.vectors; ++v) {
        round.additions[round.size++] = {&scratch.At(group, v), nullptr,
                                         &kP256BaseTable[window],
                                         scratch.scalars[v].c[window]};
      }
    }
    AddPoints(scratch, round);
  }
}

// Adds up all groups pairwise; the sum is then in the first one.
HWY_NOINLINE void MergeGroups(Scratch& scratch) {
  for (size_t distance = 1; distance < scratch.groups; distance *= 2) {
    Round round;
    for (size_t group = 0; group < scratch.groups; group += 2 * distance) {
      for (size_t v = 0; v < scratch.vectors; ++v) {
        round.additions[round.size++] = {&scratch.At(group, v),
                                         &scratch.At(group + distance, v),
                                         nullptr, nullptr};
      }
    }
    AddPoints(scratch, round);
  }
}

// Writes the points of the first group, fully reduced and big-endian.
HWY_NOINLINE void StorePoints(Scratch& scratch,
                              std::span<P256PublicKey> points) {
  constexpr uint32_t kOne[kLimbs] = {1};  // a product with 1 is x / R
  auto& w = scratch.working;
  SetAllLanes(kOne, w.others);
  for (size_t v = 0; v < scratch.vectors; ++v) {
    Accumulator& sum = scratch.At(0, v);
    Field::NegateIf(Ops::Load(scratch.scalars[v].negated), sum.y.words,
                    sum.y.words);
    Field::Multiply(sum.x.words, w.others.words, w.difference.words);
    Field::Multiply(sum.y.words, w.others.words, w.slope.words);
    const size_t first = v * kLanes;
    for (size_t i = 0; i < std::min(kLanes, points.size() - first); ++i) {
      LimbsFromElement(w.difference.words + i, kLanes, w.conversion, w.value);
      StoreBigEndian(w.value, points[first + i].x);
      LimbsFromElement(w.slope.words + i, kLanes, w.conversion, w.value);
      StoreBigEndian(w.value, points[first + i].y);
    }
  }
}

bool MultiplyWithScratch(std::span<const Limbs256> scalars,
                         std::span<P256PublicKey> points, Scratch& scratch) {
  scratch.Start(scalars.size());
  RecodeScalars(scratch, scalars);
  StartGroups(scratch);
  AddWindows(scratch);
  MergeGroups(scratch);
  // The flag is zero unless there was a fault. Then the whole batch is thrown
  // away, so the flag reveals nothing about scalars that are kept.
  DeclassifyValue(scratch.working.is_exceptional);
  if (scratch.working.is_exceptional != 0) {
    std::fill(points.begin(), points.end(), P256PublicKey{});
    return false;
  }
  StorePoints(scratch, points);
  return true;
}

bool MultiplyP256BaseImpl(std::span<const Limbs256> scalars,
                          std::span<P256PublicKey> points) {
  return RunWithScratch<Scratch>([&](Scratch& scratch) HWY_ATTR {
    return MultiplyWithScratch(scalars, points, scratch);
  });
}

int64_t P256KernelTargetImpl() { return HWY_TARGET; }

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {

HWY_EXPORT(MultiplyP256BaseImpl);
HWY_EXPORT(P256KernelTargetImpl);

bool MultiplyP256Base(std::span<const Limbs256> scalars,
                      std::span<P256PublicKey> points) {
#if (HWY_TARGETS & HWY_AVX3) && (HWY_TARGETS & HWY_AVX2)
  // On AVX2 eight lanes are a full vector, which takes three quarters of the
  // time of a half-filled vector of sixteen lanes.
  if (scalars.size() <= 8 && P256KernelTarget() == HWY_AVX3) {
    return N_AVX2::MultiplyP256BaseImpl(scalars, points);
  }
#endif
  return HWY_DYNAMIC_DISPATCH(MultiplyP256BaseImpl)(scalars, points);
}

int64_t P256KernelTarget() {
  return HWY_DYNAMIC_DISPATCH(P256KernelTargetImpl)();
}

}  // namespace proofmint::crypto
#endif  // HWY_ONCE
