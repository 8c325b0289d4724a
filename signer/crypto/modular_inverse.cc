// This file computes inverses with division steps. A division step takes an odd
// f, any g, and delta, a half-integer that starts at 1/2:
//
//   delta > 0 and g odd:  (delta, f, g) <- (1 - delta, g, (g - f) / 2)
//   else, g odd:          (delta, f, g) <- (1 + delta, f, (g + f) / 2)
//   else:                 (delta, f, g) <- (1 + delta, f, g / 2)
//
// From f = p < 2^256 and 0 <= g < p, 590 steps always end at g = 0 and
// f = +-gcd(p, g) (P. Wuille, "Bounds on divsteps iterations in safegcd", 2021,
// for this variant). They run in 10 batches of 59. A batch depends only on the
// low 59 bits of f and g. So it runs on one word of each, and yields a matrix T
// of integers with (f, g) <- T (f, g) / 2^59, where the division is exact.
//
// Let x be the number to invert. Two more numbers, d and e, are kept such that
// d x = f and e x = g modulo p. They start as (0, 1); each batch replaces them
// by T (d, e) / 2^59 modulo p, where a multiple of p is added to make the
// division exact. At the end d = +-1/x.
//
// Bounds. After i steps of a batch a row (u, v) of T has |u| + |v| <= 2^i. For
// a step doubles the first row, or replaces it by the second row and doubles
// that; and it leaves the second row, or adds the first row to it, or takes the
// difference of the two. Hence:
// - |f|, |g| <= p < 2^256, always.
// - |d|, |e| grow by at most p / 2 in a batch, as the multiple of p that is
//   added before the division is at most 2^58 p: |d| <= 1 + 5 p after ten
//   batches.
// - Numbers have five limbs of 59 bits; the top limb is signed and holds the
//   rest of the number. The top limb is below 2^24, and no sum of two products,
//   the product with a limb of p and a carry reaches 2^120.

#include "signer/crypto/modular_inverse.h"

#include <cstddef>
#include <span>

#include "signer/crypto/constant_time.h"
#include "signer/crypto/secret.h"

namespace proofmint::crypto {
namespace {

__extension__ using Int128 = __int128;

constexpr int kLimbBits = 59;  // also the number of steps in a batch
constexpr size_t kLimbs = 5;
constexpr int kBatches = 10;
static_assert(kBatches * kLimbBits >= 590);  // fewer may pass random tests
constexpr uint64_t kLimbMask = (uint64_t{1} << kLimbBits) - 1;

// A signed number: limbs 0 to 3 in [0, 2^59), the top one signed.
using Signed295 = std::array<int64_t, kLimbs>;

constexpr Signed295 FromLimbs256(const Limbs256& a) {
  auto limb = [](uint64_t bits) {
    return static_cast<int64_t>(bits & kLimbMask);
  };
  return {limb(a[0]), limb(a[0] >> 59 | a[1] << 5),
          limb(a[1] >> 54 | a[2] << 10), limb(a[2] >> 49 | a[3] << 15),
          limb(a[3] >> 44)};
}

// Converts a number in [0, 2^256).
constexpr Limbs256 ToLimbs256(const Signed295& a) {
  auto word = [&a](size_t i) { return static_cast<uint64_t>(a[i]); };
  return {word(0) | word(1) << 59, word(1) >> 5 | word(2) << 54,
          word(2) >> 10 | word(3) << 49, word(3) >> 15 | word(4) << 44};
}

constexpr Signed295 kP256Field = FromLimbs256(
    {0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001});
constexpr Signed295 kP256Order =
    FromLimbs256({0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff,
                  0xffffffff00000000});
constexpr Signed295 kCurve25519Field =
    FromLimbs256({0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff,
                  0x7fffffffffffffff});

// Returns the low 59 bits of a number as a signed number.
constexpr int64_t SignExtend(uint64_t bits) {
  return static_cast<int64_t>(bits << (64 - kLimbBits)) >> (64 - kLimbBits);
}

// Returns -1/p modulo 2^64 by Newton's iteration: three bits are right at
// first, and each round doubles their number.
constexpr uint64_t NegatedInverse(const Signed295& p) {
  const uint64_t low = static_cast<uint64_t>(p[0] | p[1] << kLimbBits);
  uint64_t inverse = low;
  for (int i = 0; i < 5; ++i) inverse *= 2 - low * inverse;
  return ~inverse + 1;
}

// Matrix is T: (f, g) <- (u f + v g, q f + r g).
struct Matrix {
  int64_t u, v, q, r;
};

struct State {
  ~State() { WipeMemory({reinterpret_cast<uint8_t*>(this), sizeof(*this)}); }

  Signed295 f, g, d, e;
  int64_t zeta = -1;  // -(delta + 1/2): negative if and only if delta > 0
};

// Steps keeps both numbers of a row in one word, u + 2^32 v modulo 2^64, so
// that one operation works on both. That is exact for up to 30 steps, after
// which neither number exceeds 2^30.
constexpr int kStepsOfPackedRow = 30;

inline int64_t LowOfRow(uint64_t row) { return static_cast<int32_t>(row); }
inline int64_t HighOfRow(uint64_t row) {
  return static_cast<int64_t>(row - static_cast<uint64_t>(LowOfRow(row))) >> 32;
}

// Runs `steps` division steps on the low words of f and g, and returns their
// matrix.
inline __attribute__((always_inline)) Matrix Steps(int steps, State& state,
                                                   uint64_t& f, uint64_t& g) {
  uint64_t first = 1;                   // (1, 0)
  uint64_t second = uint64_t{1} << 32;  // (0, 1)
  int64_t zeta = state.zeta;
  for (int i = 0; i < steps; ++i) {
    const uint64_t positive = static_cast<uint64_t>(zeta >> 63);  // delta > 0
    const uint64_t odd = ValueBarrier(~(g & 1) + 1);
    const uint64_t swap = odd & positive;
    const uint64_t next_f = f ^ ((f ^ g) & swap);
    const uint64_t next_first = first ^ ((first ^ second) & swap);
    g += ((f ^ positive) - positive) & odd;
    second += ((first ^ positive) - positive) & odd;
    zeta = (zeta ^ static_cast<int64_t>(swap)) - 1;
    f = next_f;
    g >>= 1;
    first = next_first << 1;
  }
  state.zeta = zeta;
  return {LowOfRow(first), HighOfRow(first), LowOfRow(second),
          HighOfRow(second)};
}

// Runs a batch: 30 steps and then 29.
inline Matrix Batch(State& state) {
  uint64_t f = static_cast<uint64_t>(state.f[0] | state.f[1] << kLimbBits);
  uint64_t g = static_cast<uint64_t>(state.g[0] | state.g[1] << kLimbBits);
  const Matrix a = Steps(kStepsOfPackedRow, state, f, g);
  const Matrix b = Steps(kLimbBits - kStepsOfPackedRow, state, f, g);
  return {b.u * a.u + b.v * a.q, b.u * a.v + b.v * a.r, b.q * a.u + b.r * a.q,
          b.q * a.v + b.r * a.r};
}

inline int64_t LowLimb(Int128 a) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) & kLimbMask);
}

// Computes (f, g) <- T (f, g) / 2^59.
inline void Apply(const Matrix& t, Signed295& f, Signed295& g) {
  Int128 first = Int128{t.u} * f[0] + Int128{t.v} * g[0];
  Int128 second = Int128{t.q} * f[0] + Int128{t.r} * g[0];
  for (size_t i = 1; i < kLimbs; ++i) {
    first = (first >> kLimbBits) + Int128{t.u} * f[i] + Int128{t.v} * g[i];
    second = (second >> kLimbBits) + Int128{t.q} * f[i] + Int128{t.r} * g[i];
    f[i - 1] = LowLimb(first);
    g[i - 1] = LowLimb(second);
  }
  f[kLimbs - 1] = static_cast<int64_t>(first >> kLimbBits);
  g[kLimbs - 1] = static_cast<int64_t>(second >> kLimbBits);
}

// Computes (d, e) <- T (d, e) / 2^59 modulo p.
template <const Signed295& p>
inline void ApplyModulo(const Matrix& t, Signed295& d, Signed295& e) {
  constexpr uint64_t kNegatedInverse = NegatedInverse(p);
  Int128 first = Int128{t.u} * d[0] + Int128{t.v} * e[0];
  Int128 second = Int128{t.q} * d[0] + Int128{t.r} * e[0];
  const int64_t m = SignExtend(static_cast<uint64_t>(first) * kNegatedInverse);
  const int64_t n = SignExtend(static_cast<uint64_t>(second) * kNegatedInverse);
  first += Int128{m} * p[0];
  second += Int128{n} * p[0];
  for (size_t i = 1; i < kLimbs; ++i) {
    first = (first >> kLimbBits) + Int128{t.u} * d[i] + Int128{t.v} * e[i] +
            Int128{m} * p[i];
    second = (second >> kLimbBits) + Int128{t.q} * d[i] + Int128{t.r} * e[i] +
             Int128{n} * p[i];
    d[i - 1] = LowLimb(first);
    e[i - 1] = LowLimb(second);
  }
  d[kLimbs - 1] = static_cast<int64_t>(first >> kLimbBits);
  e[kLimbs - 1] = static_cast<int64_t>(second >> kLimbBits);
}

// Computes a <- a + factor * b and carries. |factor| must be at most 8, and the
// limbs of b below 2^59.
inline void AddMultiple(Signed295& a, const Signed295& b, int64_t factor) {
  int64_t sum = 0;
  for (size_t i = 0; i < kLimbs; ++i) {
    sum += a[i] + b[i] * factor;
    a[i] = sum & static_cast<int64_t>(kLimbMask);
    if (i + 1 < kLimbs) sum >>= kLimbBits;
  }
  a[kLimbs - 1] = sum;
}

// Returns a modulo p, or -a modulo p if `minus` is all ones. |a| < 6 p.
template <const Signed295& p>
inline Limbs256 Normalize(Signed295& a, int64_t minus) {
  const Signed295 copy = a;
  AddMultiple(a, copy, minus * 2);  // a - 2 a = -a
  AddMultiple(a, p, 8);             // now in (2 p, 14 p)
  for (int64_t factor = 8; factor > 0; factor /= 2) {
    AddMultiple(a, p, -factor);
    const uint64_t negative = static_cast<uint64_t>(a[kLimbs - 1] >> 63);
    AddMultiple(a, p, factor & static_cast<int64_t>(ValueBarrier(negative)));
  }
  return ToLimbs256(a);
}

template <const Signed295& p>
Limbs256 Invert(const Limbs256& value) {
  State state;
  state.f = p;
  state.g = FromLimbs256(value);
  state.d = {0, 0, 0, 0, 0};
  state.e = {1, 0, 0, 0, 0};
  for (int i = 0; i < kBatches; ++i) {
    const Matrix t = Batch(state);
    Apply(t, state.f, state.g);
    ApplyModulo<p>(t, state.d, state.e);
  }
  // f is now 1 or -1. If the value is 0, f is p and d is 0.
  return Normalize<p>(state.d, state.f[kLimbs - 1] >> 63);
}

}  // namespace

Limbs256 InvertModulo(PrimeModulus modulus, const Limbs256& value) {
  switch (modulus) {
    case PrimeModulus::kP256Field:
      return Invert<kP256Field>(value);
    case PrimeModulus::kP256Order:
      return Invert<kP256Order>(value);
    case PrimeModulus::kCurve25519Field:
      return Invert<kCurve25519Field>(value);
  }
  __builtin_unreachable();
}

}  // namespace proofmint::crypto
