#include "signer/crypto/sha2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/testing/hex.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::ToHex;

struct Vector {
  std::string message;
  const char* sha256;
  const char* sha512;
};

// Returns the examples of FIPS 180-4 (NIST "SHA256.pdf", "SHA512.pdf") with one
// and two blocks of each hash, CAVP SHA256ShortMsg and SHA512ShortMsg Len = 0,
// and one million "a" of FIPS 180-2 appendices B.3 and C.3.
std::vector<Vector> FipsVectors() {
  return {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
      {"abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
       "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
       "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
       "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
       "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
       "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
      {std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
       "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
       "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
  };
}

// Returns a message of `size` bytes. Messages of different sizes have different
// bytes.
std::vector<uint8_t> Message(size_t size) {
  std::vector<uint8_t> message(size);
  for (size_t i = 0; i < size; ++i) {
    message[i] = static_cast<uint8_t>(i * 7 + size);
  }
  return message;
}

template <size_t N>
std::array<uint8_t, N> DigestOfOracle(const EVP_MD* hash,
                                      std::span<const uint8_t> message) {
  std::array<uint8_t, N> digest;
  unsigned size = 0;
  EXPECT_TRUE(EVP_Digest(message.data(), message.size(), digest.data(), &size,
                         hash, nullptr));
  EXPECT_EQ(size, N);
  return digest;
}

TEST(Sha256Test, GivesThePublishedDigests) {
  for (const Vector& vector : FipsVectors()) {
    EXPECT_EQ(ToHex(Sha256(AsBytes(vector.message))), vector.sha256)
        << vector.message.size() << " bytes";
  }
}

TEST(Sha512Test, GivesThePublishedDigests) {
  for (const Vector& vector : FipsVectors()) {
    EXPECT_EQ(ToHex(Sha512(AsBytes(vector.message))), vector.sha512)
        << vector.message.size() << " bytes";
  }
}

TEST(Sha256Test, AgreesWithEvpAroundTheEndOfABlock) {
  for (size_t size : {0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128}) {
    std::vector<uint8_t> message = Message(size);
    EXPECT_EQ(Sha256(message),
              DigestOfOracle<kSha256Size>(EVP_sha256(), message))
        << size;
  }
}

TEST(Sha512Test, AgreesWithEvpAroundTheEndOfABlock) {
  for (size_t size : {0, 1, 110, 111, 112, 113, 127, 128, 129, 239, 240, 256}) {
    std::vector<uint8_t> message = Message(size);
    EXPECT_EQ(Sha512(message),
              DigestOfOracle<kSha512Size>(EVP_sha512(), message))
        << size;
  }
}

// The expected digests were computed with Python's hashlib, which does not use
// BoringSSL, over the digests of Message(0), Message(1), ... Message(300).
TEST(Sha2Test, AgreesWithAnotherLibraryOnEverySizeUpTo300) {
  std::vector<uint8_t> all256;
  std::vector<uint8_t> all512;
  for (size_t size = 0; size <= 300; ++size) {
    std::vector<uint8_t> message = Message(size);
    Sha256Digest sha256 = Sha256(message);
    Sha512Digest sha512 = Sha512(message);
    all256.insert(all256.end(), sha256.begin(), sha256.end());
    all512.insert(all512.end(), sha512.begin(), sha512.end());
  }
  EXPECT_EQ(ToHex(Sha256(all256)),
            "60d63ff40b5558727a9b786ac0be9300f7ca58fd9ddd3b2f3681b369018a87dc");
  EXPECT_EQ(ToHex(Sha512(all512)),
            "e1f2f7d5d8fc48db06ec2a0eed639593f549caffa40245747258761214a3ec07"
            "134903fde52ace6cfae161a82097ba01f33a97d48dd6a80d4521d96d7401357e");
}

TEST(Sha2Test, TakesANullSpanForTheEmptyMessage) {
  EXPECT_EQ(Sha256({}), Sha256(AsBytes("")));
  EXPECT_EQ(Sha512({}), Sha512(AsBytes("")));
}

TEST(AsBytesTest, ViewsTheTextItself) {
  absl::string_view text("a\0b", 3);
  std::span<const uint8_t> bytes = AsBytes(text);
  EXPECT_EQ(static_cast<const void*>(bytes.data()), text.data());
  EXPECT_EQ(bytes.size(), 3u);
}

}  // namespace
}  // namespace proofmint::crypto
