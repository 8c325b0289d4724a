// Tests published keys and signatures of P-256.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "signer/crypto/p256.h"
#include "signer/crypto/sha2.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FromHex;
using proofmint::testing::IsOk;
using proofmint::testing::ToHex;

struct KeyVector {
  const char* name;
  const char* scalar;
  const char* x;
  const char* y;
};

constexpr KeyVector kKeys[] = {
    {"RFC 7515 appendix A.3.1",
     "8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2",
     "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445",
     "c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad"},
    {"RFC 6979 appendix A.2.5",
     "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"1: the generator, SEC 2 section 2.4.2",
     "0000000000000000000000000000000000000000000000000000000000000001",
     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"},
    {"2", "0000000000000000000000000000000000000000000000000000000000000002",
     "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
     "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"},
    {"n - 1: the generator with y negated",
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
     "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"},
    {"379: x begins with a zero byte (found by search)",
     "000000000000000000000000000000000000000000000000000000000000017b",
     "005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a",
     "bb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92"},
    {"43: y begins with a zero byte (found by search)",
     "000000000000000000000000000000000000000000000000000000000000002b",
     "986ae2506f1ff104d04230861d8f4b498f4bc4c6d009b30f7544dc129b82d28d",
     "003cccc0a6460e0ae328a4d97d3c7b61d86fc6289c189f2525110c441bb07e97"},
};

struct SignatureVector {
  const char* name;
  const KeyVector& key;
  const char* message;
  const char* signature;
};

constexpr SignatureVector kSignatures[] = {
    {"RFC 7515 appendix A.3.1", kKeys[0],
     "eyJhbGciOiJFUzI1NiJ9"
     ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
     "vbS9pc19yb290Ijp0cnVlfQ",
     "0ed1215379636c483c2f7f155807d402a3b228033af97c7e17819ac3169ea665"
     "c50a07d38c3c70e5d8f12daf084a5480a66590c5f293509a8f3f7f8a83a354d5"},
    {"RFC 6979 appendix A.2.5, SHA-256, \"sample\"", kKeys[1], "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {"RFC 6979 appendix A.2.5, SHA-256, \"test\"", kKeys[1], "test",
     "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
};

P256PublicKey PublicKeyOf(const KeyVector& vector) {
  return {FromHex<32>(vector.x), FromHex<32>(vector.y)};
}

TEST(P256VectorsTest, ScalarsGiveTheirPublishedPoints) {
  for (const KeyVector& vector : kKeys) {
    SCOPED_TRACE(vector.name);
    absl::StatusOr<P256KeyPair> key =
        P256KeyPairFromScalar(FromHex<32>(vector.scalar));
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ(ToHex(key->public_key.x), vector.x);
    EXPECT_EQ(ToHex(key->public_key.y), vector.y);
    EXPECT_EQ(ToHex(key->private_scalar.ExposeSecret()), vector.scalar);
  }
}

TEST(P256VectorsTest, KeysSignForTheirPublishedPoints) {
  Sha256Digest digest = Sha256(AsBytes("sample"));
  for (const KeyVector& vector : kKeys) {
    SCOPED_TRACE(vector.name);
    absl::StatusOr<P256KeyPair> key =
        P256KeyPairFromScalar(FromHex<32>(vector.scalar));
    ASSERT_TRUE(key.ok()) << key.status();
    std::array<uint8_t, kP256SignatureSize> signature;
    ASSERT_THAT(SignEs256(*key, digest, signature), IsOk());
    EXPECT_TRUE(VerifyEs256(PublicKeyOf(vector), digest, signature));
  }
}

TEST(P256VectorsTest, PublishedSignaturesVerify) {
  for (const SignatureVector& vector : kSignatures) {
    EXPECT_TRUE(VerifyEs256(PublicKeyOf(vector.key),
                            Sha256(AsBytes(vector.message)),
                            FromHex<64>(vector.signature)))
        << vector.name;
  }
}

TEST(P256VectorsTest, PublishedSignaturesFailUnderAnotherKeyOrMessage) {
  for (const SignatureVector& vector : kSignatures) {
    EXPECT_FALSE(VerifyEs256(PublicKeyOf(kKeys[2]),
                             Sha256(AsBytes(vector.message)),
                             FromHex<64>(vector.signature)))
        << vector.name;
    EXPECT_FALSE(VerifyEs256(PublicKeyOf(vector.key), Sha256(AsBytes("other")),
                             FromHex<64>(vector.signature)))
        << vector.name;
  }
}

// The point with x = 5, and a digest and a signature that are valid for it.
// They were computed from R = a*G + b*Q with known a and b, which needs no
// private key.
constexpr char kSmallX[] =
    "0000000000000000000000000000000000000000000000000000000000000005";
constexpr char kSmallXPlusP[] =
    "ffffffff00000001000000000000000000000001000000000000000000000004";
constexpr char kSmallXY[] =
    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
constexpr char kSmallXDigest[] =
    "a54d692a90e29d6a7390bf442fbab30cb5f9af1c5db1adec81cdf7a1991aad65";
constexpr char kSmallXSignature[] =
    "e7ee11c5b66b6fdc393371a2cd4b47d85a7989ebb038e0e823905b3a0ac5d435"
    "eb195d707ced3c244e672429a0f8329acac8abc710af278b010fa81dbb0756ca";

TEST(P256VectorsTest, ACoordinateOutsideTheFieldIsRefused) {
  Sha256Digest digest = FromHex<32>(kSmallXDigest);
  auto signature = FromHex<64>(kSmallXSignature);
  P256PublicKey key = {FromHex<32>(kSmallX), FromHex<32>(kSmallXY)};
  EXPECT_TRUE(VerifyEs256(key, digest, signature));
  key.x = FromHex<32>(kSmallXPlusP);
  EXPECT_FALSE(VerifyEs256(key, digest, signature));
}

}  // namespace
}  // namespace proofmint::crypto
