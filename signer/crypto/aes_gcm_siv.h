// AesGcmSiv encrypts and authenticates with AES-256-GCM-SIV (RFC 8452), which
// resists the misuse of a nonce.

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

// AesGcmSiv is AEAD_AES_256_GCM_SIV under one key. It keeps the key schedule
// inside the object, without heap memory, and wipes it when destroyed; it does
// not keep the key itself. Neither movable nor copyable.
//
// If a nonce is used twice, an observer learns whether the same plaintext was
// sealed with the same associated data, and nothing else.
//
// Thread-safe.
class AesGcmSiv {
 public:
  // Reads `key`; the caller remains responsible for wiping it.
  explicit AesGcmSiv(std::span<const uint8_t, kAesGcmSivKeySize> key);
  ~AesGcmSiv();
  AesGcmSiv(const AesGcmSiv&) = delete;
  AesGcmSiv& operator=(const AesGcmSiv&) = delete;

  // Writes the ciphertext and the tag to `sealed`, which must be
  // kAesGcmSivTagSize bytes longer than `plaintext` and must not overlap it;
  // fails with INVALID_ARGUMENT otherwise. Fails with WipedKeyError if the key
  // schedule reads as zeros, as in a forked child that does not inherit it.
  absl::Status Seal(std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
                    std::span<const uint8_t> plaintext,
                    std::span<const uint8_t> associated_data,
                    std::span<uint8_t> sealed) const;

  // Decrypts `sealed` to `plaintext`, which must be kAesGcmSivTagSize bytes
  // shorter and must not overlap it. Returns false and fills `plaintext` with
  // zeros unless Seal made `sealed` with the same key, nonce and associated
  // data.
  bool Open(std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
            std::span<const uint8_t> sealed,
            std::span<const uint8_t> associated_data,
            std::span<uint8_t> plaintext) const;

 private:
  alignas(16) uint8_t context_[608] = {};  // an EVP_AEAD_CTX
};

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_AES_GCM_SIV_H_
