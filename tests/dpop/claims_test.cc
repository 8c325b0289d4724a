#include "signer/dpop/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/text_writer.h"
#include "tests/dpop/test_proofs.h"

namespace proofmint::dpop {
namespace {

// The required claims, without the closing brace.
constexpr char kRequired[] =
    R"({"jti":"AAECAwQFBgcICQoLDA0ODw","htm":"POST",)"
    R"("htu":"https://server.example.com/token","iat":1562262616)";

std::string JsonOf(const Claims& claims) {
  std::array<char, kMaxClaimsSize> buffer;
  TextWriter writer(buffer);
  AppendClaims(claims, writer);
  return std::string(writer.text());
}

//= rfc9449#4.2
//# The payload of a DPoP proof MUST contain at least the following claims:
//# type=test
TEST(AppendClaimsTest, WritesTheRequiredClaimsAndNoOthers) {
  EXPECT_EQ(JsonOf(RequiredClaims()), absl::StrCat(kRequired, "}"));
}

//= rfc9449#4.2
//# When the authentication server or resource server provides a DPoP-Nonce
//# HTTP header in a response (see Sections 8 and 9), the DPoP proof MUST also
//# contain the following claim:
//# type=test
TEST(AppendClaimsTest, WritesTheNonce) {
  Claims claims = RequiredClaims();
  claims.nonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
  EXPECT_EQ(JsonOf(claims),
            absl::StrCat(kRequired, R"(,"nonce":"eyJ7S_zG.eyJH0-Z.HX4w-7v"})"));
}

// The access token and its hash are those of RFC 9449 section 7.1, figures 13
// and 14.
//= rfc9449#4.2
//# When the DPoP proof is used in conjunction with the presentation of an
//# access token in protected resource access (see Section 7), the DPoP proof
//# MUST also contain the following claim:
//# type=test
//= rfc9449#7
//# The DPoP proof MUST include the ath claim with a valid hash of the
//# associated access token.
//# type=test
//= rfc9449#4.2
//# The value MUST be the result of a base64url encoding (as defined in
//# Section 2 of [RFC7515]) the SHA-256 [SHS] hash of the ASCII encoding of
//# the associated access token's value.
//# type=test
TEST(AppendClaimsTest, WritesTheHashOfTheAccessToken) {
  Claims claims = RequiredClaims();
  claims.access_token_sha256 = crypto::Sha256(
      crypto::AsBytes("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"));
  EXPECT_EQ(
      JsonOf(claims),
      absl::StrCat(kRequired,
                   R"(,"ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"})"));
}

TEST(AppendClaimsTest, WritesBothOptionalClaims) {
  Claims claims = RequiredClaims();
  claims.nonce = "n";
  claims.access_token_sha256 = crypto::Sha256Digest{};
  EXPECT_EQ(JsonOf(claims), absl::StrCat(kRequired, R"(,"nonce":"n","ath":")",
                                         std::string(43, 'A'), R"("})"));
}

TEST(AppendClaimsTest, WritesAnyTime) {
  for (int64_t iat :
       {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
        int64_t{4102444800}, std::numeric_limits<int64_t>::max()}) {
    Claims claims = RequiredClaims();
    claims.iat = iat;
    EXPECT_EQ(JsonOf(claims), R"({"jti":"AAECAwQFBgcICQoLDA0ODw",)"
                              R"("htm":"POST",)"
                              R"("htu":"https://server.example.com/token",)"
                              R"("iat":)" +
                                  std::to_string(iat) + "}");
  }
}

//= rfc9449#4.2
//# The value MUST be assigned such that there is a negligible probability that
//# the same value will be assigned to any other DPoP proof used in the same
//# context during the time window of validity.
//# type=test
TEST(AppendClaimsTest, GivesTheJtiEnoughRandomBits) {
  EXPECT_GE(8 * kJtiEntropySize, 96u);
  for (size_t i = 0; i < kJtiEntropySize; ++i) {
    Claims claims = RequiredClaims();
    claims.jti[i] ^= 1;
    EXPECT_NE(JsonOf(claims), JsonOf(RequiredClaims())) << "byte " << i;
  }
}

TEST(AppendClaimsTest, FitsItsLimitWithTheLargestClaims) {
  std::string htm(kMaxHtmSize, 'M');
  std::string htu(kMaxNormalizedHtuSize, 'u');
  std::string nonce(kMaxNonceSize, 'n');
  Claims claims = RequiredClaims();
  claims.htm = htm;
  claims.htu = htu;
  claims.iat = std::numeric_limits<int64_t>::min();
  claims.nonce = nonce;
  claims.access_token_sha256 = crypto::Sha256Digest{};
  size_t size = JsonOf(claims).size();  // Aborts if it does not fit.
  EXPECT_LE(size, kMaxClaimsSize);
  EXPECT_EQ(size, 55 + 22 + 20 + 43 + htm.size() + htu.size() + nonce.size())
      << "punctuation and names, jti, iat, ath, and the rest";
}

}  // namespace
}  // namespace proofmint::dpop
