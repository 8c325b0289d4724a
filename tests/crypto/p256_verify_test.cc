// Tests which signatures VerifyEs256 refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "signer/crypto/p256.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/p256_scalars.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::FromHex;
using proofmint::testing::IsOk;

using Signature = std::array<uint8_t, kP256SignatureSize>;

class VerifyEs256Test : public ::testing::Test {
 protected:
  FakeEntropy entropy_;
  P256PublicKey key_;
  Sha256Digest digest_ = Sha256(AsBytes("message"));
  Signature signature_;

  void SetUp() override {
    absl::StatusOr<P256KeyPair> pair = GenerateP256KeyPair(entropy_);
    ASSERT_TRUE(pair.ok()) << pair.status();
    key_ = pair->public_key;
    ASSERT_THAT(SignEs256(*pair, digest_, signature_), IsOk());
    ASSERT_TRUE(VerifyEs256(key_, digest_, signature_));
  }

  bool Verifies() const { return VerifyEs256(key_, digest_, signature_); }

  // Expects that verification fails after any bit is flipped.
  void ExpectFlipsRefused(std::span<uint8_t> bytes) {
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      uint8_t mask = static_cast<uint8_t>(1 << bit % 8);
      bytes[bit / 8] ^= mask;
      EXPECT_FALSE(Verifies()) << "bit " << bit;
      bytes[bit / 8] ^= mask;
    }
    EXPECT_TRUE(Verifies());
    EXPECT_EQ(ERR_peek_error(), 0u) << "errors are left in BoringSSL's queue";
  }
};

TEST_F(VerifyEs256Test, RefusesEveryFlippedBit) {
  ExpectFlipsRefused(signature_);
  ExpectFlipsRefused(digest_);
  ExpectFlipsRefused(key_.x);
  ExpectFlipsRefused(key_.y);
}

TEST_F(VerifyEs256Test, RefusesHalvesOutsideTheGroupOrder) {
  Signature good = signature_;
  for (size_t half : {0, 32}) {
    for (const char* value : {kZero, kOrder, kOrderPlusOne, kAllOnes}) {
      signature_ = good;
      auto bytes = FromHex<32>(value);
      std::copy(bytes.begin(), bytes.end(), signature_.begin() + half);
      EXPECT_FALSE(Verifies()) << half << " " << value;
    }
  }
}

TEST_F(VerifyEs256Test, RefusesSwappedHalves) {
  std::rotate(signature_.begin(), signature_.begin() + 32, signature_.end());
  EXPECT_FALSE(Verifies());
}

TEST_F(VerifyEs256Test, RefusesPointsOffTheCurve) {
  std::swap(key_.x, key_.y);
  EXPECT_FALSE(Verifies());
  key_.x.fill(0);
  key_.y.fill(0);
  EXPECT_FALSE(Verifies());
  key_.x.fill(0xff);
  key_.y.fill(0xff);
  EXPECT_FALSE(Verifies());
}

}  // namespace
}  // namespace proofmint::crypto
