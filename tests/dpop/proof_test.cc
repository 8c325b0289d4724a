#include "signer/dpop/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/inspect.h"
#include "tests/dpop/test_keys.h"
#include "tests/dpop/test_proofs.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;

std::string Sign(const ProofKey& key, const Claims& claims) {
  FakeEntropy entropy;
  std::string proof;
  WriteSigningInput(key, claims, proof);
  ProofJob job = {&key, &proof};
  EXPECT_THAT(SignProofs(crypto::Kernel::kBoringSsl, entropy, {&job, 1}),
              IsOk());
  return proof;
}

// Ed25519 is deterministic, so proofs are, too. The expected proofs were made
// with Python's package cryptography, with the key of RFC 8037 appendix A.1.
TEST(SignProofTest, EqualsAnotherImplementationForEd25519) {
  EXPECT_EQ(
      Sign(PublishedKey(Algorithm::kEd25519), RequiredClaims()),
      "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkMjU1MTkiLCJqd2siOnsiY3J2IjoiRWQyNTUx"
      "OSIsImt0eSI6Ik9LUCIsIngiOiIxMXFZQVlLeENyZlZTXzdUeVdRSE9nN2hjdlBhcGlNbHJ3"
      "SWFhUGNIVVJvIn19.eyJqdGkiOiJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwiaHRtIjoiUE9"
      "TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTY"
      "yMjYyNjE2fQ.NBbGb-EPOVlbFs-aXGTr45HOaskA0C6vN5fs5xn9kLjrzb8KSf-JXKXUJv8l"
      "Vn3PxY1RhxOA5Ye3p1aL_frpAw");
}

TEST(SignProofTest, EqualsAnotherImplementationForEdDsa) {
  EXPECT_EQ(
      Sign(PublishedKey(Algorithm::kEdDsa), RequiredClaims()),
      "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkRFNBIiwiandrIjp7ImNydiI6IkVkMjU1MTki"
      "LCJrdHkiOiJPS1AiLCJ4IjoiMTFxWUFZS3hDcmZWU183VHlXUUhPZzdoY3ZQYXBpTWxyd0lh"
      "YVBjSFVSbyJ9fQ.eyJqdGkiOiJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwiaHRtIjoiUE9TV"
      "CIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyM"
      "jYyNjE2fQ.XKSdK8reZcoG0tc2uZ4N4F5b6DJnfe5BlkBEjBmnCtCsGcNUL4f8NKN1NmswZf"
      "emZ1IKJZLvMUIFmY8urHB7DQ");
}

TEST(SignProofTest, DoesNotSignWithAKeyThatWasMovedFrom) {
  FakeEntropy entropy;
  for (crypto::Kernel kernel :
       {crypto::Kernel::kBoringSsl, crypto::Kernel::kSimd}) {
    for (Algorithm algorithm : kAlgorithms) {
      ProofKey source = PublishedKey(algorithm);
      ProofKey target = std::move(source);
      std::string proof;
      WriteSigningInput(target, RequiredClaims(), proof);
      ProofJob job = {&source, &proof};
      EXPECT_THAT(SignProofs(kernel, entropy, {&job, 1}),
                  StatusIs(absl::StatusCode::kFailedPrecondition,
                           ::testing::HasSubstr("moved from")));
      job = {&target, &proof};
      EXPECT_THAT(SignProofs(kernel, entropy, {&job, 1}), IsOk());
    }
  }
}

TEST(SignProofTest, JoinsHeaderClaimsAndSignatureWithDots) {
  for (Algorithm algorithm : kAlgorithms) {
    ProofKey key = PublishedKey(algorithm);
    std::string proof = Sign(key, RequiredClaims());
    std::vector<std::string> parts = absl::StrSplit(proof, '.');
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0], key.encoded_header());
    std::string claims;
    ASSERT_TRUE(absl::WebSafeBase64Unescape(parts[1], &claims));
    EXPECT_EQ(claims,
              R"({"jti":"AAECAwQFBgcICQoLDA0ODw","htm":"POST",)"
              R"("htu":"https://server.example.com/token","iat":1562262616})");
    EXPECT_EQ(parts[2].size(), Base64UrlSize(kSignatureSize));
  }
}

//= rfc9449#4.3
//# The JWT signature verifies with the public key contained in the jwk JOSE
//# Header Parameter.
//# type=test
TEST(SignProofTest, IsReadBackAsItWasMeant) {
  FakeEntropy entropy;
  for (int i = 0; i < 300; ++i) {
    for (Algorithm algorithm : kAlgorithms) {
      ProofKey key = NewKey(algorithm, entropy);
      Claims claims = RequiredClaims();
      ASSERT_THAT(entropy.Fill(claims.jti), IsOk());
      std::string nonce(static_cast<size_t>(i), 'n');
      claims.nonce = nonce;
      claims.iat = i;
      absl::StatusOr<InspectedProof> read = InspectProof(Sign(key, claims));
      ASSERT_THAT(read.status(), IsOk());
      EXPECT_TRUE(read->signature_valid);
      EXPECT_EQ(read->algorithm, algorithm);
      EXPECT_EQ(read->jkt, key.jkt());
      EXPECT_EQ(read->htm, claims.htm);
      EXPECT_EQ(read->htu, claims.htu);
      EXPECT_EQ(read->nonce, nonce);
      EXPECT_EQ(read->ath, "");
      EXPECT_EQ(read->iat, i);
      EXPECT_EQ(read->jti.size(), 22u);
    }
  }
}

TEST(SignProofTest, RepeatsAnEs256ProofOnlyUpToTheSignature) {
  ProofKey key = PublishedKey(Algorithm::kEs256);
  std::string a = Sign(key, RequiredClaims());
  std::string b = Sign(key, RequiredClaims());
  size_t signature = a.rfind('.') + 1;
  EXPECT_EQ(a.substr(0, signature), b.substr(0, signature));
  EXPECT_NE(a.substr(signature), b.substr(signature));
}

TEST(SignProofTest, FitsItsLimitWithTheLargestClaims) {
  std::string htm(kMaxHtmSize, 'M');
  std::string htu(kMaxNormalizedHtuSize, 'u');
  std::string nonce(kMaxNonceSize, 'n');
  for (Algorithm algorithm : kAlgorithms) {
    Claims claims = RequiredClaims();
    claims.htm = htm;
    claims.htu = htu;
    claims.iat = std::numeric_limits<int64_t>::min();
    claims.nonce = nonce;
    claims.access_token_sha256 = crypto::Sha256Digest{};
    std::string proof = Sign(PublishedKey(algorithm), claims);
    EXPECT_LE(proof.size(), kMaxProofSize);
    EXPECT_TRUE(InspectProof(proof)->signature_valid);
  }
}

// Proofs are signed in chunks of 64: the sizes are around multiples of it, and
// the algorithms are mixed.
//= rfc9449#5
//# The DPoP HTTP header field MUST contain a valid DPoP proof JWT.
//# type=test
TEST(SignProofTest, SignsAnyNumberOfProofsEachWithItsOwnKey) {
  FakeEntropy entropy;
  for (crypto::Kernel kernel :
       {crypto::Kernel::kSimd, crypto::Kernel::kBoringSsl}) {
    for (size_t size : {0u, 1u, 63u, 64u, 65u, 130u}) {
      std::vector<ProofKey> keys;
      std::vector<std::string> proofs(size, "what was there before");
      std::vector<ProofJob> jobs;
      for (size_t i = 0; i < size; ++i) {
        keys.push_back(NewKey(kAlgorithms[i * i % 7 % 3], entropy));
      }
      for (size_t i = 0; i < size; ++i) {
        WriteSigningInput(keys[i], RequiredClaims(), proofs[i]);
        jobs.push_back({&keys[i], &proofs[i]});
      }
      ASSERT_THAT(SignProofs(kernel, entropy, jobs), IsOk());
      for (size_t i = 0; i < size; ++i) {
        absl::StatusOr<InspectedProof> read = InspectProof(proofs[i]);
        ASSERT_THAT(read, IsOk());
        EXPECT_TRUE(read->signature_valid);
        EXPECT_EQ(read->jkt, keys[i].jkt());
      }
    }
  }
}

// Many servers limit a header to 4 KiB: proofs with usual claims must stay far
// below that.
TEST(SignProofTest, StaysSmallWithUsualClaims) {
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_LT(Sign(PublishedKey(algorithm), RequiredClaims()).size(), 512u);
  }
}

}  // namespace
}  // namespace proofmint::dpop
