// Multiplication of P-256's base point by many secret scalars at once.

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
// size, 1 to kKernelBatchSize. Every scalar lies in [1, n-1], least significant
// limb first.
//
// Returns false, with `points` all zeros, if an addition met an exceptional
// case of its formulas. No scalar of that range does (p256_kernel.cc shows
// why), but a point that is wrong must never leave: the caller draws all
// scalars anew. Constant time. All copies of the scalars and everything
// computed from them are wiped before it returns. Thread-safe; takes about 90
// KB of stack.
[[nodiscard]] bool MultiplyP256Base(std::span<const Limbs256> scalars,
                                    std::span<P256PublicKey> points);

// The vector target that MultiplyP256Base runs on this CPU, as one of Highway's
// HWY_TARGET numbers. Where that is AVX3, batches of up to 8 run AVX2.
int64_t P256KernelTarget();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_KERNEL_H_
