#include "signer/tools/doctor/oauth_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "signer/dpop/base64url.h"

namespace proofmint::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kTokenEndpoint[] = "https://idp.example/token";
const absl::Time kNow = absl::FromUnixSeconds(1700000000);

bssl::UniquePtr<EVP_PKEY> NewKey(int type, int size) {
  bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(type, nullptr));
  EVP_PKEY* key = nullptr;
  EXPECT_TRUE(EVP_PKEY_keygen_init(context.get()));
  if (type == EVP_PKEY_RSA) {
    EXPECT_TRUE(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), size));
  } else if (type == EVP_PKEY_EC) {
    EXPECT_TRUE(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), size));
  }
  EXPECT_TRUE(EVP_PKEY_keygen(context.get(), &key));
  return bssl::UniquePtr<EVP_PKEY>(key);
}

std::string ToPem(EVP_PKEY& key) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  EXPECT_TRUE(PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0,
                                       nullptr, nullptr));
  const uint8_t* bytes;
  size_t size;
  EXPECT_TRUE(BIO_mem_contents(bio.get(), &bytes, &size));
  return {reinterpret_cast<const char*>(bytes), size};
}

absl::StatusOr<OAuthClient> WithKey(const std::string& pem) {
  return OAuthClient::New({.id = "broker",
                           .method = AuthenticationMethod::kPrivateKeyJwt,
                           .private_key_pem = pem});
}

std::map<std::string, std::string> Authenticate(const OAuthClient& client,
                                                HttpRequest& request,
                                                Form form = {}) {
  EXPECT_TRUE(client.Authenticate(kTokenEndpoint, kNow, form, request).ok());
  std::map<std::string, std::string> fields(form.begin(), form.end());
  EXPECT_EQ(fields.size(), form.size()) << "a field was sent twice";
  return fields;
}

nlohmann::json Part(const std::string& jwt, size_t index) {
  const std::vector<std::string> parts = absl::StrSplit(jwt, '.');
  return nlohmann::json::parse(*dpop::DecodeBase64Url(parts.at(index)));
}

// Verifies a signature in the form of JWS.
bool Verifies(EVP_PKEY& key, const std::string& jwt) {
  const size_t dot = jwt.rfind('.');
  const std::string input = jwt.substr(0, dot);
  std::string signature = *dpop::DecodeBase64Url(jwt.substr(dot + 1));
  if (EVP_PKEY_id(&key) == EVP_PKEY_EC) {
    bssl::UniquePtr<ECDSA_SIG> values(ECDSA_SIG_new());
    const auto* bytes = reinterpret_cast<const uint8_t*>(signature.data());
    EXPECT_EQ(signature.size(), 64);
    EXPECT_TRUE(ECDSA_SIG_set0(values.get(), BN_bin2bn(bytes, 32, nullptr),
                               BN_bin2bn(bytes + 32, 32, nullptr)));
    uint8_t* der;
    size_t size;
    EXPECT_TRUE(ECDSA_SIG_to_bytes(&der, &size, values.get()));
    signature.assign(reinterpret_cast<char*>(der), size);
    OPENSSL_free(der);
  }
  bssl::ScopedEVP_MD_CTX context;
  const EVP_MD* digest =
      EVP_PKEY_id(&key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, &key) &&
         EVP_DigestVerify(
             context.get(), reinterpret_cast<const uint8_t*>(signature.data()),
             signature.size(), reinterpret_cast<const uint8_t*>(input.data()),
             input.size());
}

TEST(OAuthClientTest, SignsAnAssertionWithEachTypeOfKey) {
  struct Case {
    int type;
    int size;
    std::string algorithm;
  };
  for (const auto& [type, size, algorithm] :
       {Case{EVP_PKEY_EC, NID_X9_62_prime256v1, "ES256"},
        Case{EVP_PKEY_RSA, 2048, "RS256"},
        Case{EVP_PKEY_ED25519, 0, "EdDSA"}}) {
    bssl::UniquePtr<EVP_PKEY> key = NewKey(type, size);
    absl::StatusOr<OAuthClient> client = WithKey(ToPem(*key));
    ASSERT_TRUE(client.ok()) << client.status();
    HttpRequest request;
    auto fields = Authenticate(*client, request);
    EXPECT_EQ(fields["client_id"], "broker");
    EXPECT_EQ(fields["client_assertion_type"],
              "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const std::string jwt = fields["client_assertion"];
    EXPECT_EQ(Part(jwt, 0)["alg"], algorithm);
    const nlohmann::json claims = Part(jwt, 1);
    EXPECT_EQ(claims["iss"], "broker");
    EXPECT_EQ(claims["sub"], "broker");
    EXPECT_EQ(claims["aud"], kTokenEndpoint);
    EXPECT_EQ(claims["iat"], 1700000000);
    EXPECT_EQ(claims["exp"], 1700000060);
    EXPECT_TRUE(Verifies(*key, jwt)) << algorithm;
    EXPECT_NE(
        Part(Authenticate(*client, request)["client_assertion"], 1)["jti"],
        claims["jti"]);
  }
}

TEST(OAuthClientTest, RefusesOtherKeysAndShowsNone) {
  const std::string weak = ToPem(*NewKey(EVP_PKEY_RSA, 1024));
  const std::string p384 = ToPem(*NewKey(EVP_PKEY_EC, NID_secp384r1));
  for (const std::string& pem :
       {weak, p384, std::string("no PEM at all"), std::string()}) {
    const absl::Status status = WithKey(pem).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    if (pem.size() > 64) {
      EXPECT_THAT(std::string(status.message()),
                  Not(HasSubstr(pem.substr(40, 20))));
    }
  }
}

TEST(OAuthClientTest, SendsASecretAsItsMethodSays) {
  HttpRequest request;
  auto basic =
      OAuthClient::New({.id = "a:b",
                        .method = AuthenticationMethod::kClientSecretBasic,
                        .secret = "p w"});
  EXPECT_TRUE(Authenticate(*basic, request).empty());
  ASSERT_THAT(request.headers, SizeIs(1));
  EXPECT_EQ(request.headers[0].second,
            "Basic YSUzQWI6cCUyMHc=");  // a%3Ab:p%20w

  request = {};
  auto post =
      OAuthClient::New({.id = "broker",
                        .method = AuthenticationMethod::kClientSecretPost,
                        .secret = "p w"});
  auto fields = Authenticate(*post, request, {{"client_id", "broker"}});
  EXPECT_EQ(fields["client_secret"], "p w");
  EXPECT_TRUE(request.headers.empty());

  auto open = OAuthClient::New({.id = "app"});
  fields = Authenticate(*open, request);
  EXPECT_EQ(fields, (std::map<std::string, std::string>{{"client_id", "app"}}));
}

}  // namespace
}  // namespace proofmint::doctor
