// AES-256-GCM-SIV (RFC 8452): authenticated encryption that survives a nonce
// used twice.

#ifndef PROOFMINT_SIGNER_CRYPTO_AES_GCM_SIV_H_
#define PROOFMINT_SIGNER_CRYPTO_AES_GCM_SIV_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace proofmint::crypto {

inline constexpr size_t kAesGcmSivKeySize = 32;    // bytes
inline constexpr size_t kAesGcmSivNonceSize = 12;  // bytes
inline constexpr size_t kAesGcmSivTagSize = 16;    // bytes

// AesGcmSiv is AEAD_AES_256_GCM_SIV under one key. It holds the key schedule in
// place, without heap memory, wipes it when destroyed and does not keep the
// key. Neither movable nor copyable.
//
// A nonce used twice tells whether the same plaintext was sealed with the same
// associated data, and nothing else.
//
// Thread-safe.
class AesGcmSiv {
 public:
  // `key` stays the caller's to wipe.
  explicit AesGcmSiv(std::span<const uint8_t, kAesGcmSivKeySize> key);
  ~AesGcmSiv();
  AesGcmSiv(const AesGcmSiv&) = delete;
  AesGcmSiv& operator=(const AesGcmSiv&) = delete;

  // Writes the ciphertext and the tag to `sealed`, which must have
  // kAesGcmSivTagSize bytes more than `plaintext` and not overlap it. Fails
  // with INVALID_ARGUMENT if it has not, and as WipedKeyError if the key
  // schedule reads as zeros, as in a forked child that does not inherit it.
  absl::Status Seal(std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
                    std::span<const uint8_t> plaintext,
                    std::span<const uint8_t> associated_data,
                    std::span<uint8_t> sealed) const;

  // Tells whether `sealed` is what Seal made of the same nonce and associated
  // data, and of a plaintext of this size. `plaintext` is that one if so, and
  // zeros if not; it must not overlap `sealed`.
  bool Open(std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
            std::span<const uint8_t> sealed,
            std::span<const uint8_t> associated_data,
            std::span<uint8_t> plaintext) const;

 private:
  alignas(16) uint8_t context_[608] = {};  // an EVP_AEAD_CTX
};

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_AES_GCM_SIV_H_
