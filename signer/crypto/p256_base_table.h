// kP256BaseTable holds multiples of P-256's base point, for p256_kernel.cc.

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
// bits. The values of one limb in all entries are contiguous, so that one
// vector permute looks up that limb for several scalars.
using P256WindowTable = uint32_t[kP256PointLimbs][kP256WindowEntries];
using P256BaseTable = P256WindowTable[kP256Windows];

// The table and each of its rows are aligned to 64 bytes. Written by
// make_p256_table.py.
extern const P256BaseTable kP256BaseTable;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_P256_BASE_TABLE_H_
