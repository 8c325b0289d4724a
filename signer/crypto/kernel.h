// How batches of keys and signatures are computed.

#ifndef PROOFMINT_SIGNER_CRYPTO_KERNEL_H_
#define PROOFMINT_SIGNER_CRYPTO_KERNEL_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace proofmint::crypto {

// Kernel is chosen once, at start, and handed to all that computes batches.
enum class Kernel {
  kSimd,       // the batch kernels; BoringSSL for batches too small to gain
  kBoringSsl,  // BoringSSL, one at a time, everywhere
};

// The most keys or signatures that one run of a batch kernel computes. Code
// that collects work for the kernels collects this many.
inline constexpr size_t kKernelBatchSize = 64;

// DefaultKernel returns kSimd where this CPU has vectors that beat BoringSSL
// (AVX2 or better, SSE4, NEON), kBoringSsl elsewhere.
Kernel DefaultKernel();

// KernelName returns "boringssl", or the name of the vector target that runs on
// this CPU, such as "avx2" or "avx3" (Highway's name of AVX-512).
absl::string_view KernelName(Kernel kernel);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_KERNEL_H_
