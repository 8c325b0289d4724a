// ScalarField computes modulo the order of a group: n of P-256 or L of Ed25519.

#ifndef PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_
#define PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_

#include <array>
#include <concepts>
#include <cstdint>
#include <span>

#include "signer/crypto/modular_inverse.h"

namespace proofmint::crypto {

// P256Order is the order n of P-256's base point.
struct P256Order {
  static constexpr Limbs256 kOrder = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                                      0xffffffffffffffff, 0xffffffff00000000};
};

// Ed25519Order is the order L of Ed25519's base point.
struct Ed25519Order {
  static constexpr Limbs256 kOrder = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6,
                                      0x0000000000000000, 0x1000000000000000};
};

// ScalarField is the field of integers modulo `Order`. Every value is a
// Limbs256 and fully reduced (below the order) unless stated otherwise. Outputs
// may alias inputs. Constant time; thread-safe.
//
// Multiply takes two Montgomery products (P. Montgomery, "Modular
// multiplication without trial division", 1985), with R = 2^256. A longer
// formula needs fewer if it keeps one factor in Montgomery form, x R. For
// example, the s of an ECDSA signature:
//
//   InvertAllToMontgomery(k, scratch);
//   x = Add(e, MontgomeryProduct(r, ToMontgomery(d)));
//   s = MontgomeryProduct(k[i], x);
template <typename Order>
struct ScalarField {
  // Returns all ones if `value`, any 256-bit number, is below the order, and
  // zero otherwise.
  static uint64_t IsReducedMask(const Limbs256& value);

  static Limbs256 Add(const Limbs256& a, const Limbs256& b);
  static Limbs256 Multiply(const Limbs256& a, const Limbs256& b);
  // Returns a * b + c.
  static Limbs256 MultiplyAdd(const Limbs256& a, const Limbs256& b,
                              const Limbs256& c);

  // Returns the residue of any 256-bit or 512-bit number, least significant
  // limb first.
  static Limbs256 Reduce(const Limbs256& value);
  static Limbs256 Reduce(const std::array<uint64_t, 8>& value);

  // Returns a * b / R. `a` may be any 256-bit number.
  static Limbs256 MontgomeryProduct(const Limbs256& a, const Limbs256& b);
  // Returns a * R. `a` may be any 256-bit number.
  static Limbs256 ToMontgomery(const Limbs256& a);

  // InvertAll replaces each value x by 1/x; InvertAllToMontgomery replaces it
  // by R/x. Both take one inversion in all and three Montgomery products for
  // each value (Montgomery's trick). If any value is zero, all results are
  // zero: callers must not pass zeros. `scratch` must have the size of `values`
  // and must not overlap it; the caller wipes it.
  static void InvertAll(
      std::span<Limbs256> values,
      std::span<Limbs256> scratch) requires std::same_as<Order, P256Order>;
  static void InvertAllToMontgomery(
      std::span<Limbs256> values,
      std::span<Limbs256> scratch) requires std::same_as<Order, P256Order>;
};

extern template struct ScalarField<P256Order>;
extern template struct ScalarField<Ed25519Order>;

// Convert between 32 bytes and limbs. Constant time; thread-safe.
Limbs256 LimbsFromBigEndian(std::span<const uint8_t, 32> bytes);
Limbs256 LimbsFromLittleEndian(std::span<const uint8_t, 32> bytes);
void LimbsToBigEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes);
void LimbsToLittleEndian(const Limbs256& limbs, std::span<uint8_t, 32> bytes);

// IsZeroMask returns all ones if `value` is zero, and zero otherwise. Constant
// time.
uint64_t IsZeroMask(const Limbs256& value);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SCALAR_FIELD_H_
