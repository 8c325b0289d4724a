#include "signer/crypto/ed25519_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/batch_sizes.h"
#include "tests/crypto/rfc8032_vectors.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/long_tests.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::CountOrLong;
using proofmint::testing::FakeEntropy;
using proofmint::testing::FromHex;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using proofmint::testing::ToHex;

using Signature = std::array<uint8_t, kEd25519SignatureSize>;

std::vector<Ed25519KeyPair> NewKeys(Kernel kernel, Entropy& entropy,
                                    size_t size) {
  std::vector<Ed25519KeyPair> keys(size);
  EXPECT_THAT(GenerateEd25519KeyPairs(kernel, entropy, keys), IsOk());
  return keys;
}

// Signs messages[i] with keys[i] in one batch.
std::vector<Signature> Sign(Kernel kernel,
                            const std::vector<Ed25519KeyPair>& keys,
                            const std::vector<std::string>& messages) {
  std::vector<Signature> signatures(keys.size());
  std::vector<Ed25519Job> jobs;
  for (size_t i = 0; i < keys.size(); ++i) {
    jobs.push_back({&keys[i], AsBytes(messages[i]), signatures[i].data()});
  }
  EXPECT_THAT(SignEd25519Batch(kernel, jobs), IsOk());
  return signatures;
}

Signature SignAlone(const Ed25519KeyPair& key, const std::string& message) {
  Signature signature = {};
  EXPECT_THAT(SignEd25519(key, AsBytes(message), signature), IsOk());
  return signature;
}

TEST(GenerateEd25519KeyPairsTest, GivesForEverySizeTheKeysThatBoringSslGives) {
  for (Kernel kernel : kKernels) {
    for (size_t size : BatchSizes()) {
      FakeEntropy entropy;
      for (const Ed25519KeyPair& key : NewKeys(kernel, entropy, size)) {
        EXPECT_EQ(key.public_key,
                  Ed25519KeyPairFromSeed(key.seed.ExposeSecret()).public_key);
      }
    }
  }
}

TEST(GenerateEd25519KeyPairsTest, UsesTheSeedsThatItDraws) {
  FakeEntropy entropy;
  std::string seeds;
  for (int i = 1; i <= 64; ++i) seeds += std::string(32, static_cast<char>(i));
  entropy.GiveNext(seeds);
  std::vector<Ed25519KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 64);
  EXPECT_EQ(entropy.calls(), 1);
  std::string got;
  for (const Ed25519KeyPair& key : keys) {
    std::span<const uint8_t> seed = key.seed.ExposeSecret();
    got.append(seed.begin(), seed.end());
  }
  EXPECT_EQ(got, seeds);
}

TEST(GenerateEd25519KeyPairsTest, FailsAsItsEntropyDoesAndRecovers) {
  for (Kernel kernel : kKernels) {
    FakeEntropy entropy;
    std::vector<Ed25519KeyPair> keys(130);
    for (int successes : {0, 1, 2}) {
      entropy.FailAfter(successes, 1);
      EXPECT_THAT(GenerateEd25519KeyPairs(kernel, entropy, keys),
                  StatusIs(absl::StatusCode::kUnavailable,
                           "entropy: injected failure"));
      EXPECT_THAT(GenerateEd25519KeyPairs(kernel, entropy, keys), IsOk());
    }
  }
}

// Such a key could not sign, and would fail all jobs of a batch with it.
TEST(GenerateEd25519KeyPairsTest, FailsIfASeedIsZero) {
  for (Kernel kernel : kKernels) {
    FakeEntropy entropy;
    std::vector<Ed25519KeyPair> keys(64);
    entropy.GiveNext(std::string(32 * (kernel == Kernel::kSimd ? 64 : 1), 0));
    EXPECT_EQ(GenerateEd25519KeyPairs(kernel, entropy, keys), ZeroSeedError());
    EXPECT_THAT(GenerateEd25519KeyPairs(kernel, entropy, keys), IsOk());
  }
}

TEST(SignEd25519BatchTest, AgreesWithRfc8032) {
  std::vector<Ed25519KeyPair> keys;
  std::vector<std::string> messages;
  // Each vector occurs several times, so that the batch is large enough for the
  // kernel.
  for (int copy = 0; copy < 4; ++copy) {
    for (const auto& vector : kRfc8032Vectors) {
      keys.push_back(Ed25519KeyPairFromSeed(FromHex<32>(vector.seed)));
      messages.push_back(absl::HexStringToBytes(vector.message));
    }
  }
  std::vector<Signature> signatures = Sign(Kernel::kSimd, keys, messages);
  size_t i = 0;
  for (int copy = 0; copy < 4; ++copy) {
    for (const auto& vector : kRfc8032Vectors) {
      EXPECT_EQ(ToHex(signatures[i++]), vector.signature);
    }
  }
}

TEST(SignEd25519BatchTest, MakesForEverySizeTheSignaturesOfBoringSsl) {
  for (Kernel kernel : kKernels) {
    for (size_t size : BatchSizes()) {
      FakeEntropy entropy;
      std::vector<Ed25519KeyPair> keys = NewKeys(kernel, entropy, size);
      std::vector<std::string> messages;
      for (size_t i = 0; i < size; ++i) messages.emplace_back(i * 7, 'm');
      std::vector<Signature> signatures = Sign(kernel, keys, messages);
      for (size_t i = 0; i < size; ++i) {
        EXPECT_EQ(signatures[i], SignAlone(keys[i], messages[i]));
      }
    }
  }
}

TEST(SignEd25519BatchTest, MakesTheSignaturesOfBoringSslForRandomMessages) {
  std::mt19937 random(25519);
  FakeEntropy entropy;
  const int rounds = CountOrLong(100000, 1000000) / 256 + 1;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Ed25519KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 256);
    std::vector<std::string> messages(keys.size());
    for (std::string& message : messages) {
      message.resize(random() % 1001);
      for (char& byte : message) byte = static_cast<char>(random());
    }
    std::vector<Signature> signatures = Sign(Kernel::kSimd, keys, messages);
    for (size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(signatures[i], SignAlone(keys[i], messages[i]));
    }
  }
}

TEST(SignEd25519BatchTest, DoesNotSignWithAWipedKey) {
  for (Kernel kernel : kKernels) {
    for (size_t size : {1, 16, 64}) {
      FakeEntropy entropy;
      std::vector<Ed25519KeyPair> keys = NewKeys(kernel, entropy, size);
      Ed25519KeyPair moved = std::move(keys[size / 2]);
      std::vector<Ed25519Job> jobs;
      std::vector<Signature> signatures(size);
      for (size_t i = 0; i < size; ++i) {
        jobs.push_back({&keys[i], {}, signatures[i].data()});
      }
      EXPECT_THAT(
          SignEd25519Batch(kernel, jobs),
          StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::_));
    }
  }
}

}  // namespace
}  // namespace proofmint::crypto
