#include "signer/crypto/aes_gcm_siv.h"

#include <openssl/aead.h>
#include <openssl/err.h>

#include <new>

#include "signer/crypto/secret.h"

namespace proofmint::crypto {
namespace {

// Returns the context that the constructor has placed at `place`. If the memory
// reads as zeros, it is a context without an algorithm.
const EVP_AEAD_CTX& ContextIn(const uint8_t* place) {
  return *std::launder(reinterpret_cast<const EVP_AEAD_CTX*>(place));
}

}  // namespace

AesGcmSiv::AesGcmSiv(std::span<const uint8_t, kAesGcmSivKeySize> key) {
  static_assert(sizeof(EVP_AEAD_CTX) <= sizeof(context_));
  static_assert(alignof(EVP_AEAD_CTX) <= 16);
  auto* context = new (context_) EVP_AEAD_CTX();
  // This cannot fail with a key of the right size. If it did, the context would
  // have no algorithm.
  RunAndWipeStack([&] {
    return EVP_AEAD_CTX_init(context, EVP_aead_aes_256_gcm_siv(), key.data(),
                             key.size(), EVP_AEAD_DEFAULT_TAG_LENGTH, nullptr);
  });
}

AesGcmSiv::~AesGcmSiv() {
  EVP_AEAD_CTX_cleanup(std::launder(reinterpret_cast<EVP_AEAD_CTX*>(context_)));
  // BoringSSL's cleanup does nothing for this algorithm.
  WipeMemory(context_);
}

absl::Status AesGcmSiv::Seal(
    std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
    std::span<const uint8_t> plaintext,
    std::span<const uint8_t> associated_data, std::span<uint8_t> sealed) const {
  const EVP_AEAD_CTX& context = ContextIn(context_);
  if (context.aead == nullptr) return WipedKeyError();
  size_t size = 0;
  const bool is_sealed =
      sealed.size() == plaintext.size() + kAesGcmSivTagSize &&
      RunAndWipeStack([&] {
        return EVP_AEAD_CTX_seal(&context, sealed.data(), &size, sealed.size(),
                                 nonce.data(), nonce.size(), plaintext.data(),
                                 plaintext.size(), associated_data.data(),
                                 associated_data.size()) == 1;
      });
  if (!is_sealed) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "aes_gcm_siv: the output buffer has the wrong size or overlaps the "
        "plaintext");
  }
  return absl::OkStatus();
}

bool AesGcmSiv::Open(std::span<const uint8_t, kAesGcmSivNonceSize> nonce,
                     std::span<const uint8_t> sealed,
                     std::span<const uint8_t> associated_data,
                     std::span<uint8_t> plaintext) const {
  const EVP_AEAD_CTX& context = ContextIn(context_);
  size_t size = 0;
  const bool is_open =
      context.aead != nullptr &&
      sealed.size() == plaintext.size() + kAesGcmSivTagSize &&
      RunAndWipeStack([&] {
        return EVP_AEAD_CTX_open(
                   &context, plaintext.data(), &size, plaintext.size(),
                   nonce.data(), nonce.size(), sealed.data(), sealed.size(),
                   associated_data.data(), associated_data.size()) == 1;
      });
  if (!is_open) {
    ERR_clear_error();
    WipeMemory(plaintext);
  }
  return is_open;
}

}  // namespace proofmint::crypto
