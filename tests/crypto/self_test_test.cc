#include "signer/crypto/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/crypto/simd_targets.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;

absl::Status RunWith(const BatchFunctions& functions) {
  FakeEntropy entropy;
  return RunSelfTestOf(functions, Kernel::kSimd, entropy);
}

TEST(RunSelfTestTest, PassesWithBoringSslAndOnEveryVectorTarget) {
  FakeEntropy entropy;
  EXPECT_THAT(RunSelfTest(Kernel::kBoringSsl, entropy), IsOk());
  ForEachSimdTarget([&](int64_t) {
    EXPECT_THAT(RunSelfTest(Kernel::kSimd, entropy), IsOk());
  });
}

TEST(RunSelfTestTest, FailsAsItsEntropyDoes) {
  FakeEntropy entropy;
  entropy.FailAfter(0, 1);
  EXPECT_THAT(RunSelfTest(Kernel::kSimd, entropy),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
}

// For each batch size, only the last result is wrong.
TEST(RunSelfTestTest, FindsOneWrongResult) {
  for (size_t wrong_size : {1, 5, 21, 64}) {
    BatchFunctions p256_keys;
    p256_keys.generate_p256 = [=](Kernel kernel, Entropy& entropy,
                                  std::span<P256KeyPair> keys) {
      absl::Status status = GenerateP256KeyPairs(kernel, entropy, keys);
      if (keys.size() == wrong_size) keys.back().public_key.y[31] ^= 1;
      return status;
    };
    EXPECT_THAT(RunWith(p256_keys),
                StatusIs(absl::StatusCode::kInternal,
                         HasSubstr("wrong P-256 public key")));

    BatchFunctions es256;
    es256.sign_es256 = [=](Kernel kernel, Entropy& entropy,
                           std::span<const Es256Job> jobs) {
      absl::Status status = SignEs256Batch(kernel, entropy, jobs);
      if (jobs.size() == wrong_size) jobs.back().signature[40] ^= 1;
      return status;
    };
    EXPECT_THAT(RunWith(es256), StatusIs(absl::StatusCode::kInternal,
                                         HasSubstr("wrong ES256 signature")));

    BatchFunctions ed25519_keys;
    ed25519_keys.generate_ed25519 = [=](Kernel kernel, Entropy& entropy,
                                        std::span<Ed25519KeyPair> keys) {
      absl::Status status = GenerateEd25519KeyPairs(kernel, entropy, keys);
      if (keys.size() == wrong_size) keys.back().public_key[0] ^= 1;
      return status;
    };
    EXPECT_THAT(RunWith(ed25519_keys),
                StatusIs(absl::StatusCode::kInternal,
                         HasSubstr("wrong Ed25519 public key")));

    BatchFunctions ed25519;
    ed25519.sign_ed25519 = [=](Kernel kernel,
                               std::span<const Ed25519Job> jobs) {
      absl::Status status = SignEd25519Batch(kernel, jobs);
      if (jobs.size() == wrong_size) jobs.back().signature[0] ^= 1;
      return status;
    };
    EXPECT_THAT(RunWith(ed25519),
                StatusIs(absl::StatusCode::kInternal,
                         HasSubstr("wrong Ed25519 signature")));
  }
}

TEST(RunSelfTestTest, FindsKeysThatChangedPlaces) {
  BatchFunctions p256;
  p256.generate_p256 = [](Kernel kernel, Entropy& entropy,
                          std::span<P256KeyPair> keys) {
    absl::Status status = GenerateP256KeyPairs(kernel, entropy, keys);
    if (keys.size() > 1) std::swap(keys[0].public_key, keys[1].public_key);
    return status;
  };
  EXPECT_THAT(RunWith(p256),
              StatusIs(absl::StatusCode::kInternal, ::testing::_));
  BatchFunctions ed25519;
  ed25519.generate_ed25519 = [](Kernel kernel, Entropy& entropy,
                                std::span<Ed25519KeyPair> keys) {
    absl::Status status = GenerateEd25519KeyPairs(kernel, entropy, keys);
    if (keys.size() > 1) std::swap(keys[0].public_key, keys[1].public_key);
    return status;
  };
  EXPECT_THAT(RunWith(ed25519),
              StatusIs(absl::StatusCode::kInternal, ::testing::_));
}

}  // namespace
}  // namespace proofmint::crypto
