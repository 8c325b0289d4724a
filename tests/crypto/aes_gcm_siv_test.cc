#include "signer/crypto/aes_gcm_siv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/escaping.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/rfc8452_vectors.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FromHex;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using proofmint::testing::ToHex;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr std::array<uint8_t, kAesGcmSivNonceSize> kNonce = {1, 2, 3};
constexpr char kPlaintext[] = "thirty-two bytes of a plaintext.";
constexpr size_t kPlaintextSize = 32;
using Plaintext = std::array<uint8_t, kPlaintextSize>;
using Sealed = std::array<uint8_t, kPlaintextSize + kAesGcmSivTagSize>;

Sealed SealPlaintext(const AesGcmSiv& cipher) {
  Sealed sealed;
  EXPECT_THAT(cipher.Seal(kNonce, AsBytes(kPlaintext), AsBytes("data"), sealed),
              IsOk());
  return sealed;
}

// Returns the bytes in memory, whether or not an object exists there.
std::vector<uint8_t> MemoryOf(const void* place, size_t size) {
  const auto* bytes = static_cast<const volatile uint8_t*>(place);
  return std::vector<uint8_t>(bytes, bytes + size);
}

class AesGcmSivTest : public ::testing::Test {
 protected:
  const AesGcmSiv cipher_{FromHex<kAesGcmSivKeySize>(kRfc8452Key)};
};

TEST(AesGcmSivVectorsTest, SealsAndOpensAsPublished) {
  for (const AeadVector& vector : kRfc8452Vectors) {
    SCOPED_TRACE(vector.result);
    AesGcmSiv cipher(FromHex<kAesGcmSivKeySize>(vector.key));
    auto nonce = FromHex<kAesGcmSivNonceSize>(vector.nonce);
    const std::string plaintext = absl::HexStringToBytes(vector.plaintext);
    const std::string data = absl::HexStringToBytes(vector.associated_data);
    std::vector<uint8_t> sealed(plaintext.size() + kAesGcmSivTagSize);
    ASSERT_THAT(cipher.Seal(nonce, AsBytes(plaintext), AsBytes(data), sealed),
                IsOk());
    EXPECT_EQ(ToHex(sealed), vector.result);
    std::vector<uint8_t> opened(plaintext.size());
    EXPECT_TRUE(cipher.Open(nonce, sealed, AsBytes(data), opened));
    EXPECT_EQ(ToHex(opened), vector.plaintext);
  }
}

TEST_F(AesGcmSivTest, RefusesEveryFlippedBitAndLeavesNoPlaintext) {
  const Sealed sealed = SealPlaintext(cipher_);
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Sealed flipped = sealed;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Plaintext opened;
    opened.fill(0xff);
    EXPECT_FALSE(cipher_.Open(kNonce, flipped, AsBytes("data"), opened)) << bit;
    EXPECT_THAT(opened, Each(0));
  }
}

TEST_F(AesGcmSivTest, RefusesAnotherNonceOtherDataAndAnotherKey) {
  const Sealed sealed = SealPlaintext(cipher_);
  Plaintext opened;
  for (size_t bit = 0; bit < 8 * kNonce.size(); ++bit) {
    auto nonce = kNonce;
    nonce[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(cipher_.Open(nonce, sealed, AsBytes("data"), opened)) << bit;
  }
  for (const char* data : {"", "dat", "datb", "data "}) {
    EXPECT_FALSE(cipher_.Open(kNonce, sealed, AsBytes(data), opened)) << data;
  }
  for (size_t bit = 0; bit < 8 * kAesGcmSivKeySize; ++bit) {
    auto key = FromHex<kAesGcmSivKeySize>(kRfc8452Key);
    key[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(AesGcmSiv(key).Open(kNonce, sealed, AsBytes("data"), opened))
        << bit;
  }
  EXPECT_TRUE(cipher_.Open(kNonce, sealed, AsBytes("data"), opened));
}

TEST_F(AesGcmSivTest, RefusesBuffersThatDoNotFit) {
  const Sealed sealed = SealPlaintext(cipher_);
  std::array<uint8_t, 64> room;
  for (size_t size = 0; size < room.size(); ++size) {
    std::span<uint8_t> part = std::span(room).first(size);
    if (size != sealed.size()) {
      EXPECT_THAT(cipher_.Seal(kNonce, AsBytes(kPlaintext), {}, part),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           HasSubstr("the output buffer has the wrong size")));
    }
    if (size != kPlaintextSize) {
      EXPECT_FALSE(cipher_.Open(kNonce, sealed, AsBytes("data"), part)) << size;
      EXPECT_THAT(part, Each(0));
    }
    Plaintext opened;
    EXPECT_EQ(
        cipher_.Open(kNonce,
                     std::span(sealed).first(std::min(size, sealed.size())),
                     AsBytes("data"), opened),
        size >= sealed.size());
  }
}

TEST_F(AesGcmSivTest, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<AesGcmSiv>);
  EXPECT_FALSE(std::is_move_constructible_v<AesGcmSiv>);
  EXPECT_FALSE(std::is_copy_assignable_v<AesGcmSiv>);
}

TEST_F(AesGcmSivTest, IsWipedWhenDestroyed) {
  alignas(AesGcmSiv) uint8_t storage[sizeof(AesGcmSiv)];
  auto* cipher = new (storage) AesGcmSiv(FromHex<32>(kRfc8452Key));
  SealPlaintext(*cipher);
  std::vector<uint8_t> used = MemoryOf(storage, sizeof(storage));
  EXPECT_GE(std::count_if(used.begin(), used.end(),
                          [](uint8_t byte) { return byte != 0; }),
            200);
  std::destroy_at(cipher);
  EXPECT_THAT(MemoryOf(storage, sizeof(storage)), Each(0));
}

// A forked child reads zeros from memory that is wiped on fork.
TEST_F(AesGcmSivTest, DoesNothingWithAKeyScheduleOfZeros) {
  const Sealed sealed = SealPlaintext(cipher_);
  alignas(AesGcmSiv) uint8_t storage[sizeof(AesGcmSiv)];
  auto* cipher = new (storage) AesGcmSiv(FromHex<32>(kRfc8452Key));
  WipeMemory(storage);
  Sealed again = {};
  EXPECT_EQ(cipher->Seal(kNonce, AsBytes(kPlaintext), AsBytes("data"), again),
            WipedKeyError());
  EXPECT_THAT(again, Each(0));
  Plaintext opened;
  EXPECT_FALSE(cipher->Open(kNonce, sealed, AsBytes("data"), opened));
  EXPECT_THAT(opened, Each(0));
  std::destroy_at(cipher);
}

}  // namespace
}  // namespace proofmint::crypto
