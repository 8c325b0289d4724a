#include "signer/crypto/p256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "tests/crypto/p256_scalars.h"
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
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

using Signature = std::array<uint8_t, kP256SignatureSize>;

P256KeyPair NewKey(FakeEntropy& entropy) {
  absl::StatusOr<P256KeyPair> key = GenerateP256KeyPair(entropy);
  EXPECT_TRUE(key.ok()) << key.status();
  return std::move(key).value();
}

Signature Sign(const P256KeyPair& key, const Sha256Digest& digest) {
  Signature signature = {};
  EXPECT_THAT(SignEs256(key, digest, signature), IsOk());
  return signature;
}

// Returns the DER INTEGER of 32 big-endian bytes.
std::vector<uint8_t> DerInteger(std::span<const uint8_t> bytes) {
  auto begin = std::find_if(bytes.begin(), bytes.end() - 1,
                            [](uint8_t byte) { return byte != 0; });
  std::vector<uint8_t> value(begin, bytes.end());
  if (value[0] & 0x80) value.insert(value.begin(), 0);
  value.insert(value.begin(), {0x02, static_cast<uint8_t>(value.size())});
  return value;
}

// Verifies with EVP, with a SubjectPublicKeyInfo and a DER signature. The code
// under test uses other functions of BoringSSL.
bool VerifyByEvp(const P256PublicKey& key, std::span<const uint8_t> message,
                 const Signature& signature) {
  std::string info = absl::HexStringToBytes(
      "3059301306072a8648ce3d020106082a8648ce3d03010703420004" + ToHex(key.x) +
      ToHex(key.y));
  CBS cbs;
  CBS_init(&cbs, reinterpret_cast<const uint8_t*>(info.data()), info.size());
  bssl::UniquePtr<EVP_PKEY> pkey(EVP_parse_public_key(&cbs));
  if (!pkey) return false;
  std::span<const uint8_t> bytes(signature);
  std::vector<uint8_t> der = DerInteger(bytes.first(32));
  std::vector<uint8_t> s = DerInteger(bytes.last(32));
  der.insert(der.end(), s.begin(), s.end());
  der.insert(der.begin(), {0x30, static_cast<uint8_t>(der.size())});
  bssl::ScopedEVP_MD_CTX context;
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              pkey.get()) &&
         EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(),
                          message.size());
}

TEST(P256KeyPairTest, IsMovedAndNeverCopied) {
  EXPECT_FALSE(std::is_copy_constructible_v<P256KeyPair>);
  EXPECT_FALSE(std::is_copy_assignable_v<P256KeyPair>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<P256KeyPair>);
}

TEST(P256KeyPairTest, WipesItsScalarWhenMovedFrom) {
  FakeEntropy entropy;
  P256KeyPair source = NewKey(entropy);
  std::string scalar = ToHex(source.private_scalar.ExposeSecret());
  P256KeyPair target = std::move(source);
  EXPECT_THAT(source.private_scalar.ExposeSecret(), Each(0));
  EXPECT_EQ(ToHex(target.private_scalar.ExposeSecret()), scalar);
}

TEST(P256KeyPairFromScalarTest, RefusesScalarsOutsideTheGroupOrder) {
  for (const char* scalar : {kZero, kOrder, kOrderPlusOne, kAllOnes}) {
    absl::Status status = P256KeyPairFromScalar(FromHex<32>(scalar)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 AllOf(HasSubstr("want 1 to n-1"),
                                       Not(HasSubstr("fffff")))))
        << scalar;
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(GenerateP256KeyPairTest, UsesExactlyTheBytesItDraws) {
  FakeEntropy entropy;
  entropy.GiveNext(absl::HexStringToBytes(kOne));
  P256KeyPair key = NewKey(entropy);
  EXPECT_EQ(entropy.calls(), 1);
  EXPECT_EQ(ToHex(key.private_scalar.ExposeSecret()), kOne);
}

TEST(GenerateP256KeyPairTest, NeverGivesTheSameKeyTwice) {
  FakeEntropy entropy;
  EXPECT_NE(NewKey(entropy).public_key.x, NewKey(entropy).public_key.x);
}

TEST(GenerateP256KeyPairTest, DrawsAgainAfterAnInvalidCandidate) {
  for (const char* candidate : {kZero, kOrder, kOrderPlusOne, kAllOnes}) {
    FakeEntropy entropy;
    entropy.GiveNext(absl::HexStringToBytes(candidate));
    entropy.GiveNext(absl::HexStringToBytes(kOne));
    P256KeyPair key = NewKey(entropy);
    EXPECT_EQ(entropy.calls(), 2);
    EXPECT_EQ(ToHex(key.private_scalar.ExposeSecret()), kOne);
  }
}

TEST(GenerateP256KeyPairTest, SucceedsOnTheEighthDraw) {
  FakeEntropy entropy;
  for (int i = 0; i < 7; ++i) {
    entropy.GiveNext(absl::HexStringToBytes(kAllOnes));
  }
  NewKey(entropy);
  EXPECT_EQ(entropy.calls(), 8);
}

TEST(GenerateP256KeyPairTest, GivesUpAfterEightDraws) {
  FakeEntropy entropy;
  for (int i = 0; i < 8; ++i) entropy.GiveNext(absl::HexStringToBytes(kZero));
  EXPECT_THAT(
      GenerateP256KeyPair(entropy).status(),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("in 8 draws")));
  EXPECT_EQ(entropy.calls(), 8);
}

TEST(GenerateP256KeyPairTest, FailsAsItsEntropyDoes) {
  FakeEntropy entropy;
  entropy.FailAfter(0, 1);
  EXPECT_THAT(
      GenerateP256KeyPair(entropy).status(),
      StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
  EXPECT_EQ(entropy.calls(), 1);
  NewKey(entropy);  // The failure was transient.
}

TEST(GenerateP256KeyPairTest, FailsAsItsEntropyDoesWhenDrawingAgain) {
  FakeEntropy entropy;
  entropy.GiveNext(absl::HexStringToBytes(kZero));
  entropy.FailAfter(1, 1);
  EXPECT_THAT(
      GenerateP256KeyPair(entropy).status(),
      StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
}

TEST(SignEs256Test, SatisfiesAnotherVerifierOnRandomMessages) {
  FakeEntropy entropy;
  for (size_t size = 0; size < 200; ++size) {
    P256KeyPair key = NewKey(entropy);
    std::vector<uint8_t> message(size * 3);
    ASSERT_THAT(entropy.Fill(message), IsOk());
    Signature signature = Sign(key, Sha256(message));
    EXPECT_TRUE(VerifyByEvp(key.public_key, message, signature));
    EXPECT_TRUE(VerifyEs256(key.public_key, Sha256(message), signature));
  }
}

TEST(SignEs256Test, DrawsAFreshNonceForEverySignature) {
  FakeEntropy entropy;
  P256KeyPair key = NewKey(entropy);
  Sha256Digest digest = Sha256(AsBytes("the same"));
  Signature a = Sign(key, digest);
  Signature b = Sign(key, digest);
  EXPECT_FALSE(std::equal(a.begin(), a.begin() + 32, b.begin())) << "same r";
}

TEST(SignEs256Test, PadsShortHalvesOfTheSignature) {
  FakeEntropy entropy;
  P256KeyPair key = NewKey(entropy);
  bool short_r = false;
  bool short_s = false;
  // Each occurs once in 256 signatures. The probability that one does not occur
  // in 20000 is 2^-113.
  for (int i = 0; i < 20000 && !(short_r && short_s); ++i) {
    std::string message = std::to_string(i);
    Signature signature = Sign(key, Sha256(AsBytes(message)));
    short_r |= signature[0] == 0;
    short_s |= signature[32] == 0;
    if (signature[0] == 0 || signature[32] == 0) {
      EXPECT_TRUE(VerifyByEvp(key.public_key, AsBytes(message), signature));
    }
  }
  EXPECT_TRUE(short_r && short_s);
}

}  // namespace
}  // namespace proofmint::crypto
