// Kernel selects the implementation that computes batches of keys and
// signatures.

#ifndef PROOFMINT_SIGNER_CRYPTO_KERNEL_H_
#define PROOFMINT_SIGNER_CRYPTO_KERNEL_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace proofmint::crypto {

// Kernel is chosen once, when the process starts, and passed to all functions
// that compute batches.
enum class Kernel {
  kSimd,       // the batch kernels, and BoringSSL where a batch is too small
  kBoringSsl,  // BoringSSL only, one key or signature at a time
};

// The largest number of keys or signatures that a batch kernel computes in one
// run. Code that collects work for the kernels collects up to this many.
inline constexpr size_t kKernelBatchSize = 64;

// DefaultKernel returns kSimd if this CPU has vector instructions with which
// the kernels are faster than BoringSSL (AVX2 or better, SSE4, NEON), and
// kBoringSsl otherwise.
Kernel DefaultKernel();

// KernelName returns "boringssl", or the name of the vector target that kSimd
// uses on this CPU, such as "avx2" or "avx3" (Highway's name for AVX-512).
absl::string_view KernelName(Kernel kernel);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_KERNEL_H_
