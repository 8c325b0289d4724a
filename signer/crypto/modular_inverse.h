// Inverts modulo a 256-bit prime in constant time, by Bernstein and Yang, "Fast
// constant-time gcd computation and modular inversion" (CHES 2019), in the
// half-delta variant, for which 590 division steps suffice for 256-bit inputs.

#ifndef PROOFMINT_SIGNER_CRYPTO_MODULAR_INVERSE_H_
#define PROOFMINT_SIGNER_CRYPTO_MODULAR_INVERSE_H_

#include <array>
#include <cstdint>

namespace proofmint::crypto {

// A 256-bit number, least significant limb first.
using Limbs256 = std::array<uint64_t, 4>;

// PrimeModulus names the moduli that InvertModulo supports.
enum class PrimeModulus {
  kP256Field,        // 2^256 - 2^224 + 2^192 + 2^96 - 1
  kP256Order,        // the order n of P-256's base point
  kCurve25519Field,  // 2^255 - 19
};

// InvertModulo returns value^-1 modulo the prime, fully reduced, and 0 for 0.
// `value` must be below the modulus. Constant time; thread-safe.
Limbs256 InvertModulo(PrimeModulus modulus, const Limbs256& value);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_MODULAR_INVERSE_H_
