// kKernels and BatchSizes are the parameters of the tests of all batch
// operations.

#ifndef PROOFMINT_TESTS_CRYPTO_BATCH_SIZES_H_
#define PROOFMINT_TESTS_CRYPTO_BATCH_SIZES_H_

#include <cstddef>
#include <vector>

#include "signer/crypto/kernel.h"

namespace proofmint::crypto {

inline constexpr Kernel kKernels[] = {Kernel::kSimd, Kernel::kBoringSsl};

// Returns sizes around the break-even size, around the number of lanes of every
// vector, and around kKernelBatchSize and its multiples.
inline std::vector<size_t> BatchSizes() {
  std::vector<size_t> sizes;
  for (size_t size = 0; size <= 33; ++size) sizes.push_back(size);
  for (size_t size : {63, 64, 65, 127, 128, 129, 255, 256, 257}) {
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_BATCH_SIZES_H_
