// Multiplication of Ed25519's base point by many secret scalars at once.

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
// kKernelBatchSize. Every scalar is below 2^255, least significant limb
// first: clamped scalars and residues modulo L alike. The formulas are
// complete: there are no exceptional scalars. Constant time. All copies of the
// scalars and everything computed from them are wiped before it returns.
// Thread-safe.
void MultiplyEd25519Base(std::span<const Limbs256> scalars,
                         std::span<std::array<uint8_t, 32>> points);

// Ed25519KernelTarget returns the vector target that MultiplyEd25519Base runs
// (one of Highway's HWY_TARGET values), for tests. Where that is AVX3, batches
// of up to 8 run AVX2.
int64_t Ed25519KernelTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_KERNEL_H_
