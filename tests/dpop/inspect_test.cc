#include "signer/dpop/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/dpop/test_proofs.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::IsOk;

// The header of the examples in RFC 9449, figures 2, 7 and 13.
constexpr absl::string_view kRfc9449Header =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
    "QSIsImNydiI6IlAtMjU2In19";

// RFC 9449 section 4.1, figure 2.
constexpr absl::string_view kFigure2 =
    ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj"
    "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia"
    "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg"
    "4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

// RFC 9449 section 5, figure 7.
constexpr absl::string_view kFigure7 =
    ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj"
    "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia"
    "WF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5Qs"
    "GSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA";

// RFC 9449 section 7.1, figure 13.
constexpr absl::string_view kFigure13 =
    ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
    "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z"
    "WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
    "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E"
    "OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

TEST(InspectProofTest, ReadsTheProofOfRfc9449Figure2) {
  absl::StatusOr<InspectedProof> proof =
      InspectProof(absl::StrCat(kRfc9449Header, kFigure2));
  ASSERT_THAT(proof.status(), IsOk());
  EXPECT_TRUE(proof->signature_valid);
  EXPECT_EQ(proof->algorithm, Algorithm::kEs256);
  EXPECT_EQ(proof->jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
  EXPECT_EQ(proof->jti, "-BwC3ESc6acc2lTc");
  EXPECT_EQ(proof->htm, "POST");
  EXPECT_EQ(proof->htu, "https://server.example.com/token");
  EXPECT_EQ(proof->iat, 1562262616);
  EXPECT_EQ(proof->nonce, "");
  EXPECT_EQ(proof->ath, "");
  EXPECT_EQ(proof->header,
            R"({"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC",)"
            R"("x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",)"
            R"("y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",)"
            R"("crv":"P-256"}})");
  EXPECT_EQ(proof->claims,
            R"({"jti":"-BwC3ESc6acc2lTc","htm":"POST",)"
            R"("htu":"https://server.example.com/token","iat":1562262616})");
}

TEST(InspectProofTest, ReadsTheProofOfRfc9449Figure7) {
  absl::StatusOr<InspectedProof> proof =
      InspectProof(absl::StrCat(kRfc9449Header, kFigure7));
  ASSERT_THAT(proof.status(), IsOk());
  EXPECT_TRUE(proof->signature_valid);
  EXPECT_EQ(proof->iat, 1562265296);
}

TEST(InspectProofTest, ReadsTheProofOfRfc9449Figure13) {
  absl::StatusOr<InspectedProof> proof =
      InspectProof(absl::StrCat(kRfc9449Header, kFigure13));
  ASSERT_THAT(proof.status(), IsOk());
  EXPECT_TRUE(proof->signature_valid);
  EXPECT_EQ(proof->htm, "GET");
  EXPECT_EQ(proof->ath, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

TEST(InspectProofTest, IgnoresUnknownMembers) {
  std::string proof = SignedProof(
      Replace(kHeader, R"("typ")", R"("kid":"1","x5c":[{"a":1}],"typ")"),
      Replace(kClaims, R"("jti")", R"("exp":1.5,"cnf":{"jti":"2"},"jti")"));
  absl::StatusOr<InspectedProof> read = InspectProof(proof);
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_TRUE(read->signature_valid);
  EXPECT_EQ(read->jti, "AAECAwQFBgcICQoLDA0ODw");
}

// RFC 7638 section 3.2: only the required members count.
TEST(InspectProofTest, ComputesTheThumbprintFromTheRequiredMembersAlone) {
  std::string other = Replace(kHeader, R"("kty":"EC")",
                              R"("use":"sig", "kid":"x", "kty":"EC")");
  EXPECT_EQ(InspectProof(SignedProof(other, kClaims))->jkt,
            InspectProof(SignedProof(kHeader, kClaims))->jkt);
}

TEST(InspectProofTest, ReadsEscapesAsJsonDoes) {
  absl::StatusOr<InspectedProof> read = InspectProof(SignedProof(
      kHeader, Replace(kClaims, "POST", R"(\u0050\"\\\/\n\u00e9)")));
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_EQ(read->htm, "P\"\\/\n\xc3\xa9");
}

TEST(InspectProofTest, ReadsEveryTimeOf64Bits) {
  for (absl::string_view iat :
       {"-9223372036854775808", "-1", "0", "9223372036854775807"}) {
    absl::StatusOr<InspectedProof> read =
        InspectProof(SignedProof(kHeader, Replace(kClaims, "1562262616", iat)));
    ASSERT_THAT(read.status(), IsOk()) << iat;
    EXPECT_EQ(std::to_string(read->iat), iat);
  }
}

TEST(InspectProofTest, SurvivesHugeNesting) {
  constexpr size_t kDepth = 200000;
  for (absl::string_view open : {"[", "{\"a\":"}) {
    std::string deep;
    for (size_t i = 0; i < kDepth; ++i) absl::StrAppend(&deep, open);
    EXPECT_FALSE(InspectProof(UnsignedProof(deep, kClaims)).ok());
    EXPECT_FALSE(InspectProof(UnsignedProof(kHeader, deep)).ok());
  }
  std::string closed = std::string(kDepth, '[') + std::string(kDepth, ']');
  EXPECT_THAT(InspectProof(SignedProof(kHeader, Replace(kClaims, R"("jti")",
                                                        R"("deep":)" + closed +
                                                            R"(,"jti")")))
                  .status(),
              IsOk());
}

TEST(InspectProofTest, ReportsAWrongSignatureWithoutAnError) {
  absl::StatusOr<InspectedProof> read =
      InspectProof(UnsignedProof(kHeader, kClaims));
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_FALSE(read->signature_valid);
}

TEST(InspectProofTest, AcceptsNoProofWithAChangedCharacter) {
  for (Algorithm algorithm : kAlgorithms) {
    std::string proof = ProofOf(PublishedKey(algorithm));
    ASSERT_TRUE(InspectProof(proof)->signature_valid);
    for (size_t i = 0; i < proof.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = proof;
        changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
        absl::StatusOr<InspectedProof> read = InspectProof(changed);
        EXPECT_FALSE(read.ok() && read->signature_valid) << changed;
      }
    }
  }
}

TEST(InspectProofTest, AcceptsNoShortenedOrLengthenedProof) {
  for (Algorithm algorithm : kAlgorithms) {
    std::string proof = ProofOf(PublishedKey(algorithm));
    for (size_t size = 0; size < proof.size(); ++size) {
      absl::StatusOr<InspectedProof> read = InspectProof(proof.substr(0, size));
      EXPECT_FALSE(read.ok() && read->signature_valid) << size;
    }
    for (absl::string_view more :
         {"A", "AA", "AAAA", "=", "\n", " ", ".", ","}) {
      EXPECT_FALSE(InspectProof(absl::StrCat(proof, more)).ok()) << more;
      EXPECT_FALSE(InspectProof(absl::StrCat(more, proof)).ok()) << more;
    }
  }
}

}  // namespace
}  // namespace proofmint::dpop
