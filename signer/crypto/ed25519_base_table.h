// Odd multiples of Ed25519's base point, for one scalar digit each.

#ifndef PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_
#define PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_

#include <cstddef>
#include <cstdint>

namespace proofmint::crypto {

inline constexpr size_t kEd25519WindowBits = 7;
inline constexpr size_t kEd25519Windows = 37;
inline constexpr size_t kEd25519Entries = 64;     // of a window
inline constexpr size_t kEd25519TableLimbs = 30;  // of an entry

// Entry j of window i is the affine point (2j + 1) * 2^(7i) * B as y + x
// (limbs 0-9), y - x (10-19) and 2dxy (20-29), each below 2^255 - 19 in limbs
// of 26, 25, 26, ... bits. The entries of a limb lie side by side, so that
// vectors of them can be loaded. Written by make_ed25519_table.py; 284,160
// bytes, aligned to 64.
extern const uint32_t kEd25519BaseTable[kEd25519Windows][kEd25519TableLimbs]
                                       [kEd25519Entries];

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ED25519_BASE_TABLE_H_
