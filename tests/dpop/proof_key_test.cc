#include "signer/dpop/proof_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/sha2.h"
#include "tests/dpop/test_keys.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::FromHex;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;

std::string HeaderOf(const ProofKey& key) {
  std::string header;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(key.encoded_header(), &header));
  EXPECT_EQ(absl::WebSafeBase64Escape(header), key.encoded_header());
  return header;
}

ProofKey NewKey(Algorithm algorithm, FakeEntropy& entropy) {
  absl::StatusOr<ProofKey> key = ProofKey::Generate(algorithm, entropy);
  EXPECT_TRUE(key.ok()) << key.status();
  return std::move(key).value();
}

// Whether `secret` stands anywhere in the memory of an object.
bool MemoryHolds(const void* place, size_t size,
                 const std::array<uint8_t, 32>& secret) {
  const auto* bytes = static_cast<const volatile uint8_t*>(place);
  std::string memory(bytes, bytes + size);
  return memory.find(std::string(secret.begin(), secret.end())) !=
         std::string::npos;
}

//= rfc9449#4.2
//# The JOSE Header of a DPoP JWT MUST contain at least the following
//# parameters:
//# type=test
TEST(ProofKeyTest, EncodesTheHeaderOfAnEs256Key) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEs256)),
            R"({"typ":"dpop+jwt","alg":"ES256",)"
            R"("jwk":{"crv":"P-256","kty":"EC",)"
            R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})");
}

TEST(ProofKeyTest, EncodesTheHeaderOfAnEd25519Key) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEd25519)),
            R"({"typ":"dpop+jwt","alg":"Ed25519",)"
            R"("jwk":{"crv":"Ed25519","kty":"OKP",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})");
}

TEST(ProofKeyTest, EncodesTheHeaderOfAnEdDsaKey) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEdDsa)),
            R"({"typ":"dpop+jwt","alg":"EdDSA",)"
            R"("jwk":{"crv":"Ed25519","kty":"OKP",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})");
}

// The first is computed from RFC 7515's key; the others are in RFC 8037 A.3.
TEST(ProofKeyTest, GivesTheThumbprint) {
  EXPECT_EQ(PublishedKey(Algorithm::kEs256).jkt(),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
  EXPECT_EQ(PublishedKey(Algorithm::kEd25519).jkt(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(PublishedKey(Algorithm::kEdDsa).jkt(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

// The sizes never depend on the key, so that no key is recognized by them.
TEST(ProofKeyTest, HasAFixedHeaderSizeForEachAlgorithm) {
  FakeEntropy entropy;
  for (int i = 0; i < 600; ++i) {  // Leading zeros come once in 128 keys.
    EXPECT_EQ(NewKey(Algorithm::kEs256, entropy).encoded_header().size(), 220u);
    EXPECT_EQ(NewKey(Algorithm::kEd25519, entropy).encoded_header().size(),
              160u);
    EXPECT_EQ(NewKey(Algorithm::kEdDsa, entropy).encoded_header().size(), 158u);
  }
}

TEST(ProofKeyTest, HasAThumbprintOf43Characters) {
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_EQ(PublishedKey(algorithm).jkt().size(), 43u);
  }
}

//= rfc9449#4.2
//# It MUST NOT contain a private key.
//# type=test
TEST(ProofKeyTest, KeepsThePrivateKeyOutOfTheHeader) {
  for (Algorithm algorithm : kAlgorithms) {
    std::string header = HeaderOf(PublishedKey(algorithm));
    EXPECT_EQ(header.find(R"("d")"), std::string::npos);
    for (absl::string_view hex : {kRfc7515Scalar, kRfc8037Seed}) {
      std::string secret = absl::HexStringToBytes(hex);
      EXPECT_EQ(header.find(absl::WebSafeBase64Escape(secret)),
                std::string::npos);
    }
  }
}

TEST(ProofKeyTest, SignsWithTheKeyOfItsAlgorithm) {
  constexpr absl::string_view kInput = "header.claims";
  std::array<uint8_t, kSignatureSize> signature;

  auto p256 = crypto::P256KeyPairFromScalar(FromHex<32>(kRfc7515Scalar));
  ASSERT_TRUE(p256.ok());
  ASSERT_THAT(PublishedKey(Algorithm::kEs256).Sign(kInput, signature), IsOk());
  EXPECT_TRUE(crypto::VerifyEs256(
      p256->public_key, crypto::Sha256(crypto::AsBytes(kInput)), signature));

  auto ed25519 = crypto::Ed25519KeyPairFromSeed(FromHex<32>(kRfc8037Seed));
  for (Algorithm algorithm : {Algorithm::kEd25519, Algorithm::kEdDsa}) {
    ASSERT_THAT(PublishedKey(algorithm).Sign(kInput, signature), IsOk());
    EXPECT_TRUE(crypto::VerifyEd25519(ed25519.public_key,
                                      crypto::AsBytes(kInput), signature));
  }
}

TEST(ProofKeyTest, GeneratesAnotherKeyEachTime) {
  FakeEntropy entropy;
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_NE(NewKey(algorithm, entropy).jkt(),
              NewKey(algorithm, entropy).jkt());
  }
}

TEST(ProofKeyTest, GeneratesTheKeyThatItDraws) {
  FakeEntropy entropy;
  entropy.GiveNext(absl::HexStringToBytes(kRfc7515Scalar));
  EXPECT_EQ(NewKey(Algorithm::kEs256, entropy).jkt(),
            PublishedKey(Algorithm::kEs256).jkt());
  entropy.GiveNext(absl::HexStringToBytes(kRfc8037Seed));
  EXPECT_EQ(NewKey(Algorithm::kEdDsa, entropy).jkt(),
            PublishedKey(Algorithm::kEdDsa).jkt());
}

TEST(ProofKeyTest, FailsAsItsEntropyDoes) {
  FakeEntropy entropy;
  for (Algorithm algorithm : kAlgorithms) {
    entropy.FailAfter(0, 1);
    EXPECT_THAT(
        ProofKey::Generate(algorithm, entropy).status(),
        StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
    EXPECT_TRUE(ProofKey::Generate(algorithm, entropy).ok());
  }
}

TEST(ProofKeyTest, IsMovedAndNeverCopied) {
  EXPECT_FALSE(std::is_copy_constructible_v<ProofKey>);
  EXPECT_FALSE(std::is_copy_assignable_v<ProofKey>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<ProofKey>);
  EXPECT_TRUE(std::is_nothrow_move_assignable_v<ProofKey>);
}

TEST(ProofKeyTest, DoesNotSignOnceMovedFrom) {
  for (Algorithm algorithm : kAlgorithms) {
    ProofKey source = PublishedKey(algorithm);
    ProofKey target = std::move(source);
    std::array<uint8_t, kSignatureSize> signature;
    EXPECT_THAT(source.Sign("header.claims", signature),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         ::testing::HasSubstr("moved from")));
    EXPECT_THAT(target.Sign("header.claims", signature),
                proofmint::testing::IsOk());
  }
}

TEST(ProofKeyTest, LeavesNoPrivateKeyBehindWhenMovedOrDestroyed) {
  for (Algorithm algorithm : kAlgorithms) {
    auto secret = FromHex<32>(algorithm == Algorithm::kEs256 ? kRfc7515Scalar
                                                             : kRfc8037Seed);
    alignas(ProofKey) uint8_t storage[sizeof(ProofKey)];
    auto* source = new (storage) ProofKey(PublishedKey(algorithm));
    ASSERT_TRUE(MemoryHolds(storage, sizeof(storage), secret));
    ProofKey moved = std::move(*source);
    EXPECT_FALSE(MemoryHolds(storage, sizeof(storage), secret));
    EXPECT_EQ(moved.jkt(), PublishedKey(algorithm).jkt());
    EXPECT_EQ(moved.encoded_header(), PublishedKey(algorithm).encoded_header());
    *source = std::move(moved);
    EXPECT_FALSE(MemoryHolds(&moved, sizeof(moved), secret));
    ASSERT_TRUE(MemoryHolds(storage, sizeof(storage), secret));
    std::destroy_at(source);
    EXPECT_FALSE(MemoryHolds(storage, sizeof(storage), secret));
  }
}

}  // namespace
}  // namespace proofmint::dpop
