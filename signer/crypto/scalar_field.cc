// This file shows by bounds why a Montgomery product needs five words and one
// final subtraction. Let a < 2^256 = R and b < m. Each of the four rounds
// replaces t < 2 m by (t + a[i] b + q m) / 2^64 with a[i], q < 2^64, and the
// result is below 2 m again. In between, t + a[i] b < (2^64 + 1) m, which is
// below 2^320 for m <= 2^256 - 2^192. So five words are enough, and at the end
// one conditional subtraction of m. One is also enough for the sum of two
// residues.

#include "signer/crypto/scalar_field.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "signer/crypto/constant_time.h"
#include "signer/crypto/secret.h"

namespace proofmint::crypto {

namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr uint64_t High(Uint128 a) { return static_cast<uint64_t>(a >> 64); }

// Returns low + 2^256 high modulo m; that number must be below 2 m.
template <const Limbs256& m>
constexpr Limbs256 SubtractOnce(const Limbs256& low, uint64_t high) {
  Limbs256 difference{};
  uint64_t borrow = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Uint128 limb = Uint128{low[i]} - m[i] - borrow;
    difference[i] = static_cast<uint64_t>(limb);
    borrow = High(limb) & 1;
  }
  uint64_t keep = high - borrow;  // all ones if the number is below m, else 0
  if (!__builtin_is_constant_evaluated()) keep = ValueBarrier(keep);
  Limbs256 result{};
  for (size_t i = 0; i < 4; ++i) {
    result[i] = difference[i] ^ ((difference[i] ^ low[i]) & keep);
  }
  return result;
}

template <const Limbs256& m>
constexpr Limbs256 AddModulo(const Limbs256& a, const Limbs256& b) {
  Limbs256 sum{};
  Uint128 carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    carry += Uint128{a[i]} + b[i];
    sum[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return SubtractOnce<m>(sum, static_cast<uint64_t>(carry));
}

// Returns 2^exponent modulo m.
template <const Limbs256& m>
constexpr Limbs256 PowerOfTwo(int exponent) {
  Limbs256 power{1};
  for (int i = 0; i < exponent; ++i) power = AddModulo<m>(power, power);
  return power;
}

// Returns -1/m modulo 2^64 by Newton's iteration: three bits are right at
// first, and each round doubles their number.
constexpr uint64_t NegatedInverse(uint64_t m) {
  uint64_t inverse = m;
  for (int i = 0; i < 5; ++i) inverse *= 2 - m * inverse;
  return ~inverse + 1;
}

template <typename Order>
struct Constants {
  static constexpr const Limbs256& m = Order::kOrder;
  static_assert(m[3] != ~uint64_t{0});  // so m <= 2^256 - 2^192
  static constexpr uint64_t kNegatedInverse = NegatedInverse(m[0]);
  static constexpr Limbs256 kR = PowerOfTwo<Order::kOrder>(256);
  static constexpr Limbs256 kR2 = PowerOfTwo<Order::kOrder>(512);
};

template <typename Order>
inline Limbs256 Product(const Limbs256& a, const Limbs256& b) {
  using C = Constants<Order>;
  uint64_t t[5] = {};
  for (size_t i = 0; i < 4; ++i) {
    // First t <- t + a[i] b, then t <- (t + q m) / 2^64.
    Uint128 carry = 0;
    for (size_t j = 0; j < 4; ++j) {
      carry += Uint128{a[i]} * b[j] + t[j];
      t[j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    carry += t[4];
    t[4] = static_cast<uint64_t>(carry);

    const uint64_t q = t[0] * C::kNegatedInverse;
    carry = (Uint128{q} * C::m[0] + t[0]) >> 64;
    for (size_t j = 1; j < 4; ++j) {
      carry += Uint128{q} * C::m[j] + t[j];
      t[j - 1] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    carry += t[4];
    t[3] = static_cast<uint64_t>(carry);
    t[4] = High(carry);
  }
  return SubtractOnce<Order::kOrder>({t[0], t[1], t[2], t[3]}, t[4]);
}

// Replaces each value x by factor / (R x).
template <typename Order>
void InvertAllTimes(const Limbs256& factor, std::span<Limbs256> values,
                    std::span<Limbs256> scratch) {
  if (values.empty()) return;
  // Let x0, x1, ... be the values. Then scratch[i] = x0 ... xi / R^i.
  scratch[0] = values[0];
  for (size_t i = 1; i < values.size(); ++i) {
    scratch[i] = Product<Order>(scratch[i - 1], values[i]);
  }
  // In each iteration inverse = R^i / (x0 ... xi) times factor / R.
  Limbs256 inverse = Product<Order>(
      InvertModulo(PrimeModulus::kP256Order, scratch.back()), factor);
  for (size_t i = values.size() - 1; i > 0; --i) {
    const Limbs256 next = Product<Order>(inverse, values[i]);
    values[i] = Product<Order>(inverse, scratch[i - 1]);
    inverse = next;
  }
  values[0] = inverse;
  WipeMemory({reinterpret_cast<uint8_t*>(&inverse), sizeof(inverse)});
}

}  // namespace

template <typename Order>
uint64_t ScalarField<Order>::IsReducedMask(const Limbs256& value) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < 4; ++i) {
    borrow = High(Uint128{value[i]} - Order::kOrder[i] - borrow) & 1;
  }
  return ValueBarrier(~borrow + 1);
}

template <typename Order>
Limbs256 ScalarField<Order>::Add(const Limbs256& a, const Limbs256& b) {
  return AddModulo<Order::kOrder>(a, b);
}

template <typename Order>
Limbs256 ScalarField<Order>::Multiply(const Limbs256& a, const Limbs256& b) {
  return Product<Order>(Product<Order>(a, b), Constants<Order>::kR2);
}

template <typename Order>
Limbs256 ScalarField<Order>::MultiplyAdd(const Limbs256& a, const Limbs256& b,
                                         const Limbs256& c) {
  return AddModulo<Order::kOrder>(Multiply(a, b), c);
}

template <typename Order>
Limbs256 ScalarField<Order>::Reduce(const Limbs256& value) {
  return Product<Order>(value, Constants<Order>::kR);
}

template <typename Order>
Limbs256 ScalarField<Order>::Reduce(const std::array<uint64_t, 8>& value) {
  // The value is low + high R. Its residue is the sum of the Montgomery
  // products of low and R, and of high and R^2.
  return AddModulo<Order::kOrder>(
      Product<Order>({value[0], value[1], value[2], value[3]},
                     Constants<Order>::kR),
      Product<Order>({value[4], value[5], value[6], value[7]},
                     Constants<Order>::kR2));
}

template <typename Order>
Limbs256 ScalarField<Order>::MontgomeryProduct(const Limbs256& a,
                                               const Limbs256& b) {
  return Product<Order>(a, b);
}

template <typename Order>
Limbs256 ScalarField<Order>::ToMontgomery(const Limbs256& a) {
  return Product<Order>(a, Constants<Order>::kR2);
}

template <typename Order>
void ScalarField<Order>::InvertAll(
    std::span<Limbs256> values,
    std::span<Limbs256> scratch) requires std::same_as<Order, P256Order> {
  InvertAllTimes<Order>(Constants<Order>::kR, values, scratch);
}

template <typename Order>
void ScalarField<Order>::InvertAllToMontgomery(
    std::span<Limbs256> values,
    std::span<Limbs256> scratch) requires std::same_as<Order, P256Order> {
  InvertAllTimes<Order>(Constants<Order>::kR2, values, scratch);
}

template struct ScalarField<P256Order>;
template struct ScalarField<Ed25519Order>;

namespace {

uint64_t LoadLittleEndian(const uint8_t* bytes) {
  uint64_t limb;
  std::memcpy(&limb, bytes, sizeof(limb));
  return std::endian::native == std::endian::little ? limb
                                                    : __builtin_bswap64(limb);
}

void StoreLittleEndian(uint64_t limb, uint8_t* bytes) {
  if (std::endian::native != std::endian::little) {
    limb = __builtin_bswap64(limb);
  }
  std::memcpy(bytes, &limb, sizeof(limb));
}

}  // namespace

Limbs256 LimbsFromLittleEndian(std::span<const uint8_t, 32> bytes) {
  Limbs256 limbs;
  for (size_t i = 0; i < 4; ++i) limbs[i] = LoadLittleEndian(&bytes[8 * i]);
  return limbs;
}

Limbs256 LimbsFromBigEndian(std::span<const uint8_t, 32> bytes) {
  Limbs256 limbs;
  for (size_t i = 0; i < 4; ++i) {
    limbs[i] = __builtin_bswap64(LoadLittleEndian(&bytes[24 - 8 * i]));
  }
  return limbs;
}

void LimbsToLittleEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes) {
  for (size_t i = 0; i < 4; ++i) StoreLittleEndian(limbs[i], &bytes[8 * i]);
}

void LimbsToBigEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes) {
  for (size_t i = 0; i < 4; ++i) {
    StoreLittleEndian(__builtin_bswap64(limbs[i]), &bytes[24 - 8 * i]);
  }
}

uint64_t IsZeroMask(const Limbs256& value) {
  const uint64_t any = value[0] | value[1] | value[2] | value[3];
  return ValueBarrier(((any | (~any + 1)) >> 63) - 1);
}

}  // namespace proofmint::crypto
