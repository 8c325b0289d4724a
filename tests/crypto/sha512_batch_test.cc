#include "signer/crypto/sha512_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "signer/crypto/sha2.h"
#include "tests/crypto/simd_targets.h"
#include "tests/testing/hex.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::ToHex;

using Bytes = std::vector<uint8_t>;

Sha512Digest DigestOfOracle(std::span<const uint8_t> message) {
  Sha512Digest digest;
  SHA512(message.data(), message.size(), digest.data());
  return digest;
}

// Sha512BatchTest runs each test once for each vector target.
class Sha512BatchTest : public ::testing::TestWithParam<int64_t> {
 protected:
  Bytes RandomBytes(size_t size) {
    Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_());
    return bytes;
  }

  // Returns random messages of these sizes.
  std::vector<Bytes> RandomMessages(std::span<const size_t> sizes) {
    std::vector<Bytes> messages;
    for (size_t size : sizes) messages.push_back(RandomBytes(size));
    return messages;
  }

  // Splits a message into three parts, any of which may be empty.
  Sha512Message Split(std::span<const uint8_t> message) {
    size_t first = random_() % (message.size() + 1);
    size_t second = random_() % (message.size() + 1);
    if (first > second) std::swap(first, second);
    return {{message.first(first), message.subspan(first, second - first),
             message.subspan(second)}};
  }

  void ExpectAgreement(std::span<const Bytes> messages) {
    std::vector<Sha512Message> split;
    for (const Bytes& message : messages) split.push_back(Split(message));
    std::vector<Sha512Digest> digests(messages.size());
    Sha512Batch(split, digests);
    for (size_t i = 0; i < messages.size(); ++i) {
      EXPECT_EQ(digests[i], DigestOfOracle(messages[i]))
          << "message " << i << " of " << messages.size() << ", "
          << messages[i].size() << " bytes";
    }
  }

  std::mt19937_64 random_{4};

 private:
  ScopedSimdTarget target_{GetParam()};
};

TEST_P(Sha512BatchTest, RunsOnTheTarget) {
  EXPECT_EQ(Sha512BatchTarget(), GetParam());
}

// FIPS 180-4 examples (NIST "SHA512.pdf"): one block, two blocks; CAVP
// SHA512ShortMsg Len = 0; and one million "a" of FIPS 180-2 appendix C.3.
TEST_P(Sha512BatchTest, GivesThePublishedDigests) {
  const std::string million(1000000, 'a');
  const struct {
    absl::string_view message;
    const char* digest;
  } kVectors[] = {
      {"",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
      {"abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
       "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
       "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
      {million,
       "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
       "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
  };
  for (const auto& vector : kVectors) {
    // Eight messages fill the lanes of any target.
    const std::vector<Sha512Message> messages(
        8, Sha512Message{{AsBytes(vector.message)}});
    std::vector<Sha512Digest> digests(messages.size());
    Sha512Batch(messages, digests);
    for (const Sha512Digest& digest : digests) {
      EXPECT_EQ(ToHex(digest), vector.digest)
          << vector.message.size() << " bytes";
    }
  }
}

TEST_P(Sha512BatchTest, AgreesWithBoringSslOnEverySizeUpTo300InRandomOrder) {
  std::vector<size_t> sizes(301);
  for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = i;
  for (int i = 0; i < 20; ++i) {
    std::shuffle(sizes.begin(), sizes.end(), random_);
    ExpectAgreement(RandomMessages(sizes));
  }
}

TEST_P(Sha512BatchTest, AgreesWithBoringSslOnEqualSizes) {
  for (size_t size = 0; size <= 300; ++size) {
    ExpectAgreement(RandomMessages(std::vector<size_t>(8, size)));
  }
}

TEST_P(Sha512BatchTest, TakesAnyNumberOfMessages) {
  std::vector<size_t> counts = {64, 256, 257, 600};
  for (size_t count = 0; count <= 33; ++count) counts.push_back(count);
  for (size_t count : counts) {
    ExpectAgreement(RandomMessages(std::vector<size_t>(count, 32)));
    std::vector<size_t> sizes(count);
    for (size_t& size : sizes) size = random_() % 700;
    ExpectAgreement(RandomMessages(sizes));
  }
}

TEST_P(Sha512BatchTest, KeepsTheDigestsOfMessagesThatEndBeforeOthers) {
  const std::vector<size_t> kSizes = {10, 2000, 130, 1990, 400,
                                      0,  2001, 900, 1995, 111};
  ExpectAgreement(RandomMessages(kSizes));
}

// The messages have the parts that Ed25519 signatures hash.
TEST_P(Sha512BatchTest, AgreesWithBoringSslOnThePartsOfEd25519) {
  const Bytes prefix = RandomBytes(32);
  const Bytes point = RandomBytes(32);
  for (size_t size = 300; size < 600; ++size) {
    const Bytes message = RandomBytes(size);
    const std::vector<Sha512Message> messages(
        8, Sha512Message{{prefix, point, message}});
    std::vector<Sha512Digest> digests(messages.size());
    Sha512Batch(messages, digests);
    Bytes joined = prefix;
    joined.insert(joined.end(), point.begin(), point.end());
    joined.insert(joined.end(), message.begin(), message.end());
    EXPECT_THAT(digests, ::testing::Each(DigestOfOracle(joined))) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets, Sha512BatchTest,
    ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
    [](const auto& test) { return std::string(hwy::TargetName(test.param)); });

}  // namespace
}  // namespace proofmint::crypto
