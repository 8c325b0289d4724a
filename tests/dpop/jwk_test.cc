#include "signer/dpop/jwk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/text_writer.h"
#include "tests/dpop/test_keys.h"
#include "tests/testing/hex.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::FromHex;

template <typename PublicKey>
std::string JwkOf(const PublicKey& key) {
  std::array<char, kMaxJwkSize> buffer;
  TextWriter writer(buffer);
  AppendJwk(key, writer);
  return std::string(writer.text());
}

std::string ThumbprintOf(absl::string_view jwk) {
  Jkt jkt = Thumbprint(jwk);
  return std::string(jkt.data(), jkt.size());
}

// Returns the key of RFC 9449 section 4.1, figure 4.
crypto::P256PublicKey Rfc9449Key() {
  return {
      FromHex<32>(
          "97cb45ae1c7edf8b55de14480910d8f730a40e5a41845e3651051f595016045b"),
      FromHex<32>(
          "f551388dffce93fa3ae336d34e572e3496a31e6b7abfd4c356b53409dbc64430")};
}

// RFC 7638 section 3.1: the RSA key of the example, in the form that is hashed.
//= rfc9449#6.1
//# The value of the jkt member MUST be the base64url encoding (as defined in
//# [RFC7515]) of the JWK SHA-256 Thumbprint (according to [RFC7638]) of the
//# DPoP public key (in JWK format) to which the access token is bound.
//# type=test
TEST(ThumbprintTest, EqualsTheExampleOfRfc7638) {
  EXPECT_EQ(
      ThumbprintOf(
          R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEp)"
          R"(s2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXj)"
          R"(BZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ)"
          R"(5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL)"
          R"(5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPk)"
          R"(sINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})"),
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

// RFC 8037 appendix A.3, with the key of A.2.
TEST(AppendJwkTest, WritesTheEd25519KeyOfRfc8037) {
  std::string jwk = JwkOf(
      crypto::Ed25519KeyPairFromSeed(FromHex<32>(kRfc8037Seed)).public_key);
  EXPECT_EQ(jwk, R"({"crv":"Ed25519","kty":"OKP",)"
                 R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  EXPECT_EQ(ThumbprintOf(jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

// RFC 9449 section 4.1, figure 4, and section 6.1, figure 9.
TEST(AppendJwkTest, WritesTheP256KeyOfRfc9449) {
  std::string jwk = JwkOf(Rfc9449Key());
  EXPECT_EQ(jwk, R"({"crv":"P-256","kty":"EC",)"
                 R"("x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",)"
                 R"("y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"})");
  EXPECT_EQ(ThumbprintOf(jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

// RFC 7518 section 6.2.1.2: "The length of this octet string MUST be the full
// size of a coordinate for the curve".
TEST(AppendJwkTest, KeepsLeadingZeros) {
  for (int zeros : {1, 2, 31, 32}) {
    crypto::P256PublicKey key = Rfc9449Key();
    std::fill_n(key.x.begin(), zeros, uint8_t{0});
    std::fill_n(key.y.begin(), zeros, uint8_t{0});
    std::string jwk = JwkOf(key);
    EXPECT_EQ(jwk.size(), JwkOf(Rfc9449Key()).size());
    EXPECT_NE(jwk.find(R"("x":"A)"), std::string::npos);
    EXPECT_NE(jwk.find(R"("y":"A)"), std::string::npos);
  }
  crypto::Ed25519PublicKey zero = {};
  EXPECT_EQ(JwkOf(zero), R"({"crv":"Ed25519","kty":"OKP","x":")" +
                             std::string(43, 'A') + R"("})");
}

TEST(AppendJwkTest, NeverMixesUpTheCoordinates) {
  crypto::P256PublicKey key = Rfc9449Key();
  std::swap(key.x, key.y);
  EXPECT_NE(JwkOf(key), JwkOf(Rfc9449Key()));
}

TEST(AppendJwkTest, StaysWithinItsLimit) {
  EXPECT_LE(JwkOf(Rfc9449Key()).size(), kMaxJwkSize);
  EXPECT_LE(JwkOf(crypto::Ed25519PublicKey{}).size(), kMaxJwkSize);
}

}  // namespace
}  // namespace proofmint::dpop
