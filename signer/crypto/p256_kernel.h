// Multiplies P-256's base point by many secret scalars at once.

#ifndef PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_H_
#define PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "signer/crypto/kernel.h"
#include "signer/crypto/modular_inverse.h"
#include "signer/crypto/p256.h"

namespace proofmint::crypto {

// MultiplyP256Base writes scalars[i] * G to points[i]. Both spans have the same
// size, 1 to kKernelBatchSize. Every scalar must lie in [1, n-1], least
// significant limb first.
//
// Returns false and fills `points` with zeros if an addition met an exceptional
// case of its formulas; the caller must then draw all scalars again. No scalar
// in [1, n-1] leads to such a case (p256_kernel.cc shows why); the check is
// made all the same, so that a wrong point is never returned. Constant time.
// All copies of the scalars and all values computed from them are wiped before
// it returns. Thread-safe; takes about 90 KB of stack.
[[nodiscard]] bool MultiplyP256Base(std::span<const Limbs256> scalars,
                                    std::span<P256PublicKey> points);

// P256KernelTarget returns the vector target that MultiplyP256Base uses on this
// CPU, as one of Highway's HWY_TARGET values. For tests. If that is AVX3,
// batches of up to 8 use AVX2.
int64_t P256KernelTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_H_
