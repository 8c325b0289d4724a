// Multiplies Ed25519's base point by many secret scalars at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_KERNEL_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "signer/crypto/kernel.h"
#include "signer/crypto/modular_inverse.h"

namespace proofmint::crypto {

// MultiplyEd25519Base writes the encoding (RFC 8032 section 5.1.2) of
// scalars[i] * B to points[i]. Both spans have the same size, 1 to
// kKernelBatchSize. Every scalar must be below 2^255, least significant limb
// first; clamped scalars and residues modulo L both are. The formulas are
// complete, so there are no exceptional scalars. Constant time. All copies of
// the scalars and all values computed from them are wiped before it returns.
// Thread-safe.
void MultiplyEd25519Base(std::span<const Limbs256> scalars,
                         std::span<std::array<uint8_t, 32>> points);

// Ed25519KernelTarget returns the vector target that MultiplyEd25519Base uses
// on this CPU, as one of Highway's HWY_TARGET values. For tests. If that is
// AVX3, batches of up to 8 use AVX2.
int64_t Ed25519KernelTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_KERNEL_H_
