#include "signer/tools/doctor/oauth_client.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/base64url.h"

namespace proofmint::doctor {
namespace {

constexpr absl::Duration kAssertionLifetime = absl::Minutes(1);
constexpr int kMinRsaBits = 2048;
constexpr size_t kP256ScalarSize = 32;  // bytes

std::string EncodeBytes(std::span<const uint8_t> bytes) {
  std::string text(dpop::Base64UrlSize(bytes.size()), '\0');
  dpop::EncodeBase64Url(bytes, text.data());
  return text;
}

std::string EncodeText(absl::string_view text) {
  return EncodeBytes(
      {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// BoringSSL would ask for a passphrase on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*rwflag*/,
                 void* /*userdata*/) {
  return 0;
}

// JWS has r and s in 32 bytes each (RFC 7518 section 3.4), BoringSSL in DER.
absl::StatusOr<std::string> ToJwsSignature(std::span<const uint8_t> der) {
  bssl::UniquePtr<ECDSA_SIG> signature(
      ECDSA_SIG_from_bytes(der.data(), der.size()));
  std::array<uint8_t, 2 * kP256ScalarSize> bytes;
  if (signature == nullptr ||
      !BN_bn2bin_padded(bytes.data(), kP256ScalarSize,
                        ECDSA_SIG_get0_r(signature.get())) ||
      !BN_bn2bin_padded(bytes.data() + kP256ScalarSize, kP256ScalarSize,
                        ECDSA_SIG_get0_s(signature.get()))) {
    return absl::InternalError("client_assertion: ECDSA_SIG_from_bytes failed");
  }
  return EncodeBytes(bytes);
}

}  // namespace

struct OAuthClient::PrivateKey {
  bssl::UniquePtr<EVP_PKEY> key;
  const char* algorithm;  // the JWS "alg"

  const EVP_MD* digest() const {
    return EVP_PKEY_id(key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  }
};

absl::string_view AuthenticationMethodName(AuthenticationMethod method) {
  switch (method) {
    case AuthenticationMethod::kNone:
      return "none";
    case AuthenticationMethod::kClientSecretBasic:
      return "client_secret_basic";
    case AuthenticationMethod::kClientSecretPost:
      return "client_secret_post";
    case AuthenticationMethod::kPrivateKeyJwt:
      break;
  }
  return "private_key_jwt";
}

OAuthClient::OAuthClient(Options options) : options_(std::move(options)) {}
OAuthClient::OAuthClient(OAuthClient&&) noexcept = default;
OAuthClient& OAuthClient::operator=(OAuthClient&&) noexcept = default;
OAuthClient::~OAuthClient() = default;

absl::StatusOr<OAuthClient> OAuthClient::New(Options options) {
  OAuthClient client(std::move(options));
  if (client.method() != AuthenticationMethod::kPrivateKeyJwt) return client;
  const std::string& pem = client.options_.private_key_pem;
  bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "not an unencrypted private key in PEM (BEGIN PRIVATE KEY)");
  }
  const char* algorithm = nullptr;
  const int type = EVP_PKEY_id(key.get());
  if (type == EVP_PKEY_RSA && EVP_PKEY_bits(key.get()) >= kMinRsaBits) {
    algorithm = "RS256";
  } else if (type == EVP_PKEY_ED25519) {
    algorithm = "EdDSA";
  } else if (type == EVP_PKEY_EC &&
             EC_GROUP_get_curve_name(EC_KEY_get0_group(
                 EVP_PKEY_get0_EC_KEY(key.get()))) == NID_X9_62_prime256v1) {
    algorithm = "ES256";
  } else {
    return absl::InvalidArgumentError(
        "want a private key that is RSA of at least 2048 bits, P-256 or "
        "Ed25519");
  }
  client.private_key_ = std::make_unique<PrivateKey>(
      PrivateKey{.key = std::move(key), .algorithm = algorithm});
  return client;
}

absl::StatusOr<std::string> OAuthClient::SignAssertion(
    absl::string_view audience, absl::Time now) const {
  const nlohmann::json header = {{"alg", private_key_->algorithm},
                                 {"typ", "JWT"}};
  const nlohmann::json claims = {
      {"iss", options_.id},
      {"sub", options_.id},
      {"aud", std::string(audience)},
      {"jti", RandomText()},
      {"iat", absl::ToUnixSeconds(now)},
      {"exp", absl::ToUnixSeconds(now + kAssertionLifetime)}};
  std::string jwt =
      absl::StrCat(EncodeText(header.dump()), ".", EncodeText(claims.dump()));
  const auto* input = reinterpret_cast<const uint8_t*>(jwt.data());
  bssl::ScopedEVP_MD_CTX context;
  size_t size = 0;
  std::string signature;
  if (!EVP_DigestSignInit(context.get(), nullptr, private_key_->digest(),
                          nullptr, private_key_->key.get()) ||
      !EVP_DigestSign(context.get(), nullptr, &size, input, jwt.size())) {
    return absl::InternalError("client_assertion: EVP_DigestSign failed");
  }
  std::vector<uint8_t> bytes(size);
  if (!EVP_DigestSign(context.get(), bytes.data(), &size, input, jwt.size())) {
    return absl::InternalError("client_assertion: EVP_DigestSign failed");
  }
  bytes.resize(size);
  if (EVP_PKEY_id(private_key_->key.get()) == EVP_PKEY_EC) {
    PROOFMINT_ASSIGN_OR_RETURN(signature, ToJwsSignature(bytes));
  } else {
    signature = EncodeBytes(bytes);
  }
  absl::StrAppend(&jwt, ".", signature);
  return jwt;
}

absl::Status OAuthClient::Authenticate(absl::string_view audience,
                                       absl::Time now, Form& form,
                                       HttpRequest& request) const {
  if (options_.method == AuthenticationMethod::kClientSecretBasic) {
    request.headers.emplace_back(
        "Authorization",
        absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(
                                   PercentEncode(options_.id), ":",
                                   PercentEncode(options_.secret)))));
    return absl::OkStatus();
  }
  // An authorization request that is pushed has it already.
  if (std::none_of(form.begin(), form.end(), [](const auto& field) {
        return field.first == "client_id";
      })) {
    form.emplace_back("client_id", options_.id);
  }
  if (options_.method == AuthenticationMethod::kClientSecretPost) {
    form.emplace_back("client_secret", options_.secret);
  } else if (options_.method == AuthenticationMethod::kPrivateKeyJwt) {
    PROOFMINT_ASSIGN_OR_RETURN(std::string assertion,
                               SignAssertion(audience, now));
    form.emplace_back("client_assertion_type",
                      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.emplace_back("client_assertion", std::move(assertion));
  }
  return absl::OkStatus();
}

std::string RandomText() {
  std::array<uint8_t, 32> bytes;
  RAND_bytes(bytes.data(), bytes.size());
  return EncodeBytes(bytes);
}

}  // namespace proofmint::doctor
