// kEd25519BaseTable holds multiples of Ed25519's base point, for
// ed25519_kernel.cc.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_

#include <cstddef>
#include <cstdint>

namespace proofmint::crypto {

inline constexpr size_t kEd25519WindowBits = 7;
inline constexpr size_t kEd25519Windows = 37;
inline constexpr size_t kEd25519Entries = 64;     // in each window
inline constexpr size_t kEd25519TableLimbs = 30;  // in each entry

// Entry j of window i is the affine point (2j + 1) * 2^(7i) * B as y + x
// (limbs 0-9), y - x (10-19) and 2dxy (20-29), each below 2^255 - 19 in limbs
// of 26, 25, 26, ... bits. The values of one limb in all entries are
// contiguous, so that one vector load reads that limb of several entries.
// Written by make_ed25519_table.py; 284,160 bytes, aligned to 64.
extern const uint32_t kEd25519BaseTable[kEd25519Windows][kEd25519TableLimbs]
                                       [kEd25519Entries];

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_
