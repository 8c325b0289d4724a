// OpenSSL 3 by EVP, as one who knows it would write it: algorithms are fetched
// once, contexts are used again, the public key comes straight into a buffer,
// and the DER of a signature is read in place.

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>

#include "bench/micro/library.h"

namespace proofmint::bench {
namespace {

constexpr size_t kPointSize = 1 + kPublicKeySize;  // bytes, uncompressed
constexpr size_t kMaxDerSize = 72;                 // bytes, of an ECDSA-Sig

EVP_PKEY* AsPkey(const LibraryKey& key) {
  return static_cast<EVP_PKEY*>(key.object);
}

// Reads a DER INTEGER of at most 32 bytes at `der` and moves `der` past it.
void ReadInteger(const uint8_t*& der, uint8_t* out) {
  size_t size = der[1];
  const uint8_t* value = der + 2;
  der = value + size;
  if (size == 33) {  // a zero byte that keeps the number positive
    ++value;
    --size;
  }
  std::fill_n(out, 32 - size, 0);
  std::copy_n(value, size, out + 32 - size);
}

class OpenSslLibrary : public Library {
 public:
  OpenSslLibrary() {
    EVP_PKEY_keygen_init(p256_);
    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(p256_, NID_X9_62_prime256v1);
    EVP_PKEY_keygen_init(ed25519_);
  }
  ~OpenSslLibrary() override {
    EVP_PKEY_CTX_free(p256_);
    EVP_PKEY_CTX_free(ed25519_);
    EVP_MD_CTX_free(signer_);
  }
  OpenSslLibrary(const OpenSslLibrary&) = delete;
  OpenSslLibrary& operator=(const OpenSslLibrary&) = delete;

  std::string Version() const override {
    return OpenSSL_version(OPENSSL_VERSION);
  }

  bool Generate(KeyType type, LibraryKey& key) override {
    key.type = type;
    EVP_PKEY* pkey = nullptr;
    if (type == KeyType::kEd25519) {
      size_t size = 32;
      bool made =
          EVP_PKEY_generate(ed25519_, &pkey) == 1 &&
          EVP_PKEY_get_raw_public_key(pkey, key.public_key.data(), &size) == 1;
      key.object = pkey;
      return made;
    }
    std::array<uint8_t, kPointSize> point;
    size_t size = 0;
    bool made = EVP_PKEY_generate(p256_, &pkey) == 1 &&
                EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
                                                point.data(), point.size(),
                                                &size) == 1 &&
                size == point.size();
    key.object = pkey;
    std::copy(point.begin() + 1, point.end(), key.public_key.begin());
    return made;
  }

  bool Sign(const LibraryKey& key, std::span<const uint8_t> input,
            std::span<uint8_t, kSignatureSize> signature) override {
    if (key.type == KeyType::kEd25519) {
      size_t size = signature.size();
      return EVP_MD_CTX_reset(signer_) == 1 &&
             EVP_DigestSignInit(signer_, nullptr, nullptr, nullptr,
                                AsPkey(key)) == 1 &&
             EVP_DigestSign(signer_, signature.data(), &size, input.data(),
                            input.size()) == 1;
    }
    // Cheaper than EVP_DigestSign, and the digest is made for all alike.
    EVP_PKEY_CTX* context =
        EVP_PKEY_CTX_new_from_pkey(nullptr, AsPkey(key), nullptr);
    std::array<uint8_t, kMaxDerSize> der;
    size_t size = der.size();
    bool made = context != nullptr && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, der.data(), &size, input.data(),
                              input.size()) == 1;
    EVP_PKEY_CTX_free(context);
    if (!made) return false;
    const uint8_t* integers = der.data() + 2;
    ReadInteger(integers, signature.data());
    ReadInteger(integers, signature.data() + 32);
    return true;
  }

  void Free(LibraryKey& key) override {
    EVP_PKEY_free(AsPkey(key));
    key.object = nullptr;
  }

  bool ExportPrivateKey(const LibraryKey& key,
                        std::span<uint8_t, kPrivateKeySize> out) override {
    if (key.type == KeyType::kEd25519) {
      size_t size = out.size();
      return EVP_PKEY_get_raw_private_key(AsPkey(key), out.data(), &size) == 1;
    }
    BIGNUM* scalar = nullptr;
    bool got = EVP_PKEY_get_bn_param(AsPkey(key), OSSL_PKEY_PARAM_PRIV_KEY,
                                     &scalar) == 1 &&
               BN_bn2binpad(scalar, out.data(), out.size()) == 32;
    BN_clear_free(scalar);
    return got;
  }

 private:
  EVP_PKEY_CTX* p256_ = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY_CTX* ed25519_ =
      EVP_PKEY_CTX_new_from_name(nullptr, "ED25519", nullptr);
  EVP_MD_CTX* signer_ = EVP_MD_CTX_new();
};

}  // namespace

std::unique_ptr<Library> NewOpenSslLibrary() {
  return std::make_unique<OpenSslLibrary>();
}

}  // namespace proofmint::bench
