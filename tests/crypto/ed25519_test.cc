#include "signer/crypto/ed25519.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/curve25519.h>
#include <openssl/err.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/rfc8032_vectors.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::FromHex;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using proofmint::testing::ToHex;
using ::testing::Each;

using Signature = std::array<uint8_t, kEd25519SignatureSize>;

// The order L of the base point, little-endian (RFC 8032 section 5.1).
constexpr char kOrder[] =
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

Ed25519KeyPair NewKey(FakeEntropy& entropy) {
  absl::StatusOr<Ed25519KeyPair> key = GenerateEd25519KeyPair(entropy);
  EXPECT_TRUE(key.ok()) << key.status();
  return std::move(key).value();
}

Signature Sign(const Ed25519KeyPair& key, std::span<const uint8_t> message) {
  Signature signature = {};
  EXPECT_THAT(SignEd25519(key, message, signature), IsOk());
  return signature;
}

// RFC 8032 section 7.1.
TEST(Ed25519VectorsTest, SeedsGiveTheirPublishedPublicKeys) {
  for (const Rfc8032Vector& vector : kRfc8032Vectors) {
    SCOPED_TRACE(vector.name);
    Ed25519KeyPair key = Ed25519KeyPairFromSeed(FromHex<32>(vector.seed));
    EXPECT_EQ(ToHex(key.public_key), vector.public_key);
    EXPECT_EQ(ToHex(key.seed.ExposeSecret()), vector.seed);
  }
}

TEST(Ed25519VectorsTest, MessagesGiveTheirPublishedSignatures) {
  for (const Rfc8032Vector& vector : kRfc8032Vectors) {
    SCOPED_TRACE(vector.name);
    Ed25519KeyPair key = Ed25519KeyPairFromSeed(FromHex<32>(vector.seed));
    std::string message = absl::HexStringToBytes(vector.message);
    Signature signature = Sign(key, AsBytes(message));
    EXPECT_EQ(ToHex(signature), vector.signature);
    EXPECT_TRUE(VerifyEd25519(key.public_key, AsBytes(message), signature));
  }
}

// RFC 8037 appendix A.4, with the key of A.1 (that of RFC 8032 TEST 1).
TEST(Ed25519VectorsTest, TheJwsExampleOfRfc8037IsReproduced) {
  Ed25519KeyPair key =
      Ed25519KeyPairFromSeed(FromHex<32>(kRfc8032Vectors[0].seed));
  Signature signature = Sign(
      key, AsBytes("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"));
  EXPECT_EQ(ToHex(signature),
            "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e"
            "9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb15be902bfccb8cd0a02");
}

TEST(Ed25519KeyPairTest, IsMovedAndNeverCopied) {
  EXPECT_FALSE(std::is_copy_constructible_v<Ed25519KeyPair>);
  EXPECT_FALSE(std::is_copy_assignable_v<Ed25519KeyPair>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<Ed25519KeyPair>);
}

TEST(Ed25519KeyPairTest, WipesItsSeedWhenMovedFrom) {
  FakeEntropy entropy;
  Ed25519KeyPair source = NewKey(entropy);
  std::string seed = ToHex(source.seed.ExposeSecret());
  Ed25519KeyPair target = std::move(source);
  EXPECT_THAT(source.seed.ExposeSecret(), Each(0));
  EXPECT_EQ(ToHex(target.seed.ExposeSecret()), seed);
}

TEST(Ed25519KeyPairFromSeedTest, AcceptsExtremeSeeds) {
  for (const char* digits : {"01", "ff", "80", "7f"}) {
    std::string seed;
    for (int i = 0; i < 32; ++i) seed += digits;
    Ed25519KeyPair key = Ed25519KeyPairFromSeed(FromHex<32>(seed));
    Signature signature = Sign(key, AsBytes("message"));
    EXPECT_TRUE(VerifyEd25519(key.public_key, AsBytes("message"), signature));
  }
}

TEST(GenerateEd25519KeyPairTest, UsesExactlyTheSeedItDraws) {
  FakeEntropy entropy;
  entropy.GiveNext(absl::HexStringToBytes(kRfc8032Vectors[1].seed));
  Ed25519KeyPair key = NewKey(entropy);
  EXPECT_EQ(entropy.calls(), 1);
  EXPECT_EQ(ToHex(key.public_key), kRfc8032Vectors[1].public_key);
}

TEST(GenerateEd25519KeyPairTest, NeverGivesTheSameKeyTwice) {
  FakeEntropy entropy;
  EXPECT_NE(NewKey(entropy).public_key, NewKey(entropy).public_key);
}

TEST(GenerateEd25519KeyPairTest, FailsAsItsEntropyDoes) {
  FakeEntropy entropy;
  entropy.FailAfter(0, 1);
  EXPECT_THAT(
      GenerateEd25519KeyPair(entropy).status(),
      StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
  NewKey(entropy);  // The failure was passing.
}

TEST(SignEd25519Test, EqualsBoringSslOnRandomMessages) {
  FakeEntropy entropy;
  for (size_t size = 0; size < 300; ++size) {
    std::vector<uint8_t> message(size);
    ASSERT_THAT(entropy.Fill(message), IsOk());
    Ed25519KeyPair key = NewKey(entropy);
    uint8_t public_key[ED25519_PUBLIC_KEY_LEN];
    uint8_t private_key[ED25519_PRIVATE_KEY_LEN];
    ED25519_keypair_from_seed(public_key, private_key,
                              key.seed.ExposeSecret().data());
    Signature want;
    ASSERT_TRUE(
        ED25519_sign(want.data(), message.data(), message.size(), private_key));
    EXPECT_EQ(ToHex(public_key), ToHex(key.public_key));
    EXPECT_EQ(Sign(key, message), want) << size;
  }
}

class VerifyEd25519Test : public ::testing::Test {
 protected:
  FakeEntropy entropy_;
  Ed25519PublicKey key_;
  std::vector<uint8_t> message_ = {1, 2, 3};
  Signature signature_;

  void SetUp() override {
    Ed25519KeyPair pair = NewKey(entropy_);
    key_ = pair.public_key;
    signature_ = Sign(pair, message_);
    ASSERT_TRUE(VerifyEd25519(key_, message_, signature_));
  }

  // Expects that verification fails after any bit is flipped.
  void ExpectFlipsRefused(std::span<uint8_t> bytes) {
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      uint8_t mask = static_cast<uint8_t>(1 << bit % 8);
      bytes[bit / 8] ^= mask;
      EXPECT_FALSE(VerifyEd25519(key_, message_, signature_)) << bit;
      bytes[bit / 8] ^= mask;
    }
    EXPECT_EQ(ERR_peek_error(), 0u) << "errors are left in BoringSSL's queue";
  }
};

TEST_F(VerifyEd25519Test, RefusesEveryFlippedBit) {
  ExpectFlipsRefused(signature_);
  ExpectFlipsRefused(message_);
  ExpectFlipsRefused(key_);
}

TEST_F(VerifyEd25519Test, RefusesAShorterOrLongerMessage) {
  EXPECT_FALSE(VerifyEd25519(key_, std::span(message_).first(2), signature_));
  message_.push_back(0);
  EXPECT_FALSE(VerifyEd25519(key_, message_, signature_));
}

// RFC 8032 section 5.1.7: S must lie in [0, L), or the signature is malleable.
TEST_F(VerifyEd25519Test, RefusesSPlusTheGroupOrder) {
  auto order = FromHex<32>(kOrder);
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    int sum = signature_[32 + i] + order[i] + carry;
    signature_[32 + i] = static_cast<uint8_t>(sum);
    carry = sum >> 8;
  }
  ASSERT_EQ(carry, 0);
  EXPECT_FALSE(VerifyEd25519(key_, message_, signature_));
}

}  // namespace
}  // namespace proofmint::crypto
