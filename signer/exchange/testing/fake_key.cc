#include "signer/exchange/testing/fake_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstddef>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "signer/dpop/base64url.h"

namespace proofmint {
namespace {

constexpr size_t kScalarSize = 32;  // bytes, for both curves

// Returns the 32 bytes of a coordinate of `key` in base64url.
std::string Coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  std::array<uint8_t, kScalarSize> bytes;
  ABSL_RAW_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
                     BN_bn2binpad(number, bytes.data(), kScalarSize) ==
                         static_cast<int>(kScalarSize),
                 "reading a coordinate failed");
  BN_free(number);
  return Base64Url(bytes);
}

// Returns the public key with the members of RFC 7638, in its order.
std::string JwkOf(const EVP_PKEY* key, bool es256) {
  if (es256) {
    return absl::StrCat(R"({"crv":"P-256","kty":"EC","x":")",
                        Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X), R"(","y":")",
                        Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y), "\"}");
  }
  std::array<uint8_t, kScalarSize> bytes;
  size_t size = bytes.size();
  ABSL_RAW_CHECK(EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) == 1 &&
                     size == bytes.size(),
                 "reading a public key failed");
  return absl::StrCat(R"({"crv":"Ed25519","kty":"OKP","x":")", Base64Url(bytes),
                      "\"}");
}

// Returns r and s of a DER signature, 32 bytes each (RFC 7518 section 3.4).
std::string FromDer(const std::string& der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* parsed =
      d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
  ABSL_RAW_CHECK(parsed != nullptr, "d2i_ECDSA_SIG failed");
  std::array<uint8_t, 2 * kScalarSize> raw;
  BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw.data(), kScalarSize);
  BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw.data() + kScalarSize, kScalarSize);
  ECDSA_SIG_free(parsed);
  return std::string(raw.begin(), raw.end());
}

}  // namespace

std::string Base64Url(std::span<const uint8_t> bytes) {
  std::string text(dpop::Base64UrlSize(bytes.size()), '\0');
  dpop::EncodeBase64Url(bytes, text.data());
  return text;
}

FakeKey::FakeKey(dpop::Algorithm algorithm)
    : algorithm_(algorithm),
      key_(is_es256() ? EVP_EC_gen("P-256")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {
  ABSL_RAW_CHECK(key_ != nullptr, "key generation failed");
  jwk_ = JwkOf(key_, is_es256());
  std::array<uint8_t, 32> digest;
  SHA256(AsBytes(jwk_).data(), jwk_.size(), digest.data());
  jkt_ = Base64Url(digest);
}

FakeKey::~FakeKey() { EVP_PKEY_free(key_); }

std::string FakeKey::Sign(const std::string& message) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string signature(80, '\0');  // DER of P-256 has 72 at most.
  size_t size = signature.size();
  const bool is_signed =
      context != nullptr &&
      EVP_DigestSignInit(context, nullptr, is_es256() ? EVP_sha256() : nullptr,
                         nullptr, key_) == 1 &&
      EVP_DigestSign(context,
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     AsBytes(message).data(), message.size()) == 1;
  EVP_MD_CTX_free(context);
  ABSL_RAW_CHECK(is_signed, "signing failed");
  signature.resize(size);
  return is_es256() ? FromDer(signature) : signature;
}

}  // namespace proofmint
