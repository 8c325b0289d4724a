// Multiples of P-256's base point, for p256_kernel.cc.

#ifndef PROOFMINT_SIGNER_CRYPTO_P256_BASE_TABLE_H_
#define PROOFMINT_SIGNER_CRYPTO_P256_BASE_TABLE_H_

#include <cstddef>
#include <cstdint>

namespace proofmint::crypto {

inline constexpr size_t kP256Windows = 37;  // of 7 bits
inline constexpr size_t kP256WindowEntries = 64;
inline constexpr size_t kP256PointLimbs = 18;  // nine of x, then nine of y

// Entry j of window i is the affine point (2j+1) * 2^(7i) * G. Its coordinates
// are in Montgomery form (times 2^261 mod p), fully reduced, in limbs of 29
// bits. One limb of all entries is contiguous, so that a vector permute looks
// up one limb of several points.
using P256WindowTable = uint32_t[kP256PointLimbs][kP256WindowEntries];
using P256BaseTable = P256WindowTable[kP256Windows];

// Aligned to 64 bytes, as is each of its rows.
extern const P256BaseTable kP256BaseTable;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_BASE_TABLE_H_
