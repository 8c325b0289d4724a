// Arithmetic modulo the group orders: n of P-256 and L of Ed25519.

#ifndef PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_
#define PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_

#include <array>
#include <concepts>
#include <cstdint>
#include <span>

#include "signer/crypto/modular_inverse.h"

namespace proofmint::crypto {

// The two orders.
struct P256Order {
  static constexpr Limbs256 kOrder = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                                      0xffffffffffffffff, 0xffffffff00000000};
};

struct Ed25519Order {
  static constexpr Limbs256 kOrder = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6,
                                      0x0000000000000000, 0x1000000000000000};
};

// ScalarField is one of the two fields. Every value is a Limbs256, fully
// reduced (below the order) unless said otherwise. Outputs may alias inputs.
// Constant time; thread-safe.
//
// A product costs two of Montgomery's (P. Montgomery, "Modular multiplication
// without trial division", 1985), with R = 2^256. Longer formulas save some by
// keeping one factor in Montgomery form, x R. The s of an ECDSA signature:
//
//   InvertAllToMontgomery(k, scratch);
//   x = Add(e, MontgomeryProduct(r, ToMontgomery(d)));
//   s = MontgomeryProduct(k[i], x);
template <typename Order>
struct ScalarField {
  // All ones if `value`, any 256-bit number, is below the order, else all
  // zeros.
  static uint64_t IsReducedMask(const Limbs256& value);

  static Limbs256 Add(const Limbs256& a, const Limbs256& b);
  static Limbs256 Multiply(const Limbs256& a, const Limbs256& b);
  // a * b + c.
  static Limbs256 MultiplyAdd(const Limbs256& a, const Limbs256& b,
                              const Limbs256& c);

  // Any 256-bit or 512-bit number, least significant limb first, to its
  // residue.
  static Limbs256 Reduce(const Limbs256& value);
  static Limbs256 Reduce(const std::array<uint64_t, 8>& value);

  // a * b / R. Here `a` may be any 256-bit number.
  static Limbs256 MontgomeryProduct(const Limbs256& a, const Limbs256& b);
  // a * R. Here too.
  static Limbs256 ToMontgomery(const Limbs256& a);

  // Replaces each value x by 1/x, or by R/x, with one inversion and three
  // Montgomery products a value (Montgomery's trick). A zero makes all results
  // zero: callers keep zeros out. `scratch` has the size of `values`, does not
  // overlap it and is left to the caller to wipe.
  static void InvertAll(
      std::span<Limbs256> values,
      std::span<Limbs256> scratch) requires std::same_as<Order, P256Order>;
  static void InvertAllToMontgomery(
      std::span<Limbs256> values,
      std::span<Limbs256> scratch) requires std::same_as<Order, P256Order>;
};

extern template struct ScalarField<P256Order>;
extern template struct ScalarField<Ed25519Order>;

// Conversions; constant time.
Limbs256 LimbsFromBigEndian(std::span<const uint8_t, 32> bytes);
Limbs256 LimbsFromLittleEndian(std::span<const uint8_t, 32> bytes);
void LimbsToBigEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes);
void LimbsToLittleEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes);

// All ones if the value is zero, all zeros otherwise. Constant time.
uint64_t IsZeroMask(const Limbs256& value);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_
