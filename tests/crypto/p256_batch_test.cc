#include "signer/crypto/p256_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "signer/crypto/sha2.h"
#include "tests/crypto/batch_sizes.h"
#include "tests/crypto/p256_scalars.h"
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
using ::testing::ElementsAreArray;

using Signature = std::array<uint8_t, kP256SignatureSize>;

std::vector<P256KeyPair> NewKeys(Kernel kernel, Entropy& entropy, size_t size) {
  std::vector<P256KeyPair> keys(size);
  EXPECT_THAT(GenerateP256KeyPairs(kernel, entropy, keys), IsOk());
  return keys;
}

// Returns jobs that sign different digests with `keys` and write to
// `signatures`.
std::vector<Es256Job> NewJobs(const std::vector<P256KeyPair>& keys,
                              std::vector<Signature>& signatures,
                              uint8_t salt = 0) {
  std::vector<Es256Job> jobs;
  for (size_t i = 0; i < keys.size(); ++i) {
    std::array<uint8_t, 9> message = {salt};
    std::memcpy(&message[1], &i, sizeof(i));
    jobs.push_back({&keys[i], Sha256(message), signatures[i].data()});
  }
  return jobs;
}

void ExpectSameKey(const P256KeyPair& got, const P256KeyPair& want) {
  EXPECT_THAT(got.private_scalar.ExposeSecret(),
              ElementsAreArray(want.private_scalar.ExposeSecret()));
  EXPECT_EQ(got.public_key.x, want.public_key.x);
  EXPECT_EQ(got.public_key.y, want.public_key.y);
}

// Signs with BoringSSL and a given nonce.
Signature SignWithNonce(const P256KeyPair& key, const Sha256Digest& digest,
                        std::span<const uint8_t, 32> nonce) {
  bssl::UniquePtr<EC_KEY> ec_key(
      EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  std::span<const uint8_t> scalar = key.private_scalar.ExposeSecret();
  bssl::UniquePtr<BIGNUM> d(BN_bin2bn(scalar.data(), scalar.size(), nullptr));
  EXPECT_TRUE(EC_KEY_set_private_key(ec_key.get(), d.get()));
  bssl::UniquePtr<ECDSA_SIG> sig(
      ECDSA_sign_with_nonce_and_leak_private_key_for_testing(
          digest.data(), digest.size(), ec_key.get(), nonce.data(),
          nonce.size()));
  Signature signature = {};
  EXPECT_TRUE(
      BN_bn2bin_padded(signature.data(), 32, ECDSA_SIG_get0_r(sig.get())));
  EXPECT_TRUE(
      BN_bn2bin_padded(signature.data() + 32, 32, ECDSA_SIG_get0_s(sig.get())));
  return signature;
}

// Returns the nonce that p256_batch.h specifies: SHA-512 over the private
// scalar, the digest and random bytes, modulo n.
std::array<uint8_t, 32> HedgedNonce(const P256KeyPair& key,
                                    const Sha256Digest& digest,
                                    std::span<const uint8_t> random) {
  std::vector<uint8_t> input;
  std::span<const uint8_t> scalar = key.private_scalar.ExposeSecret();
  input.insert(input.end(), scalar.begin(), scalar.end());
  input.insert(input.end(), digest.begin(), digest.end());
  input.insert(input.end(), random.begin(), random.end());
  Sha512Digest hash = Sha512(input);
  bssl::UniquePtr<BIGNUM> wide(BN_le2bn(hash.data(), hash.size(), nullptr));
  std::array<uint8_t, 32> order = FromHex<32>(kOrder);
  bssl::UniquePtr<BIGNUM> n(BN_bin2bn(order.data(), order.size(), nullptr));
  bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
  bssl::UniquePtr<BIGNUM> nonce(BN_new());
  EXPECT_TRUE(BN_nnmod(nonce.get(), wide.get(), n.get(), context.get()));
  std::array<uint8_t, 32> bytes;
  EXPECT_TRUE(BN_bn2bin_padded(bytes.data(), bytes.size(), nonce.get()));
  return bytes;
}

TEST(GenerateP256KeyPairsTest, GivesForEverySizeTheKeysThatBoringSslGives) {
  for (Kernel kernel : kKernels) {
    for (size_t size : BatchSizes()) {
      FakeEntropy entropy;
      for (const P256KeyPair& key : NewKeys(kernel, entropy, size)) {
        auto want = P256KeyPairFromScalar(key.private_scalar.ExposeSecret());
        ASSERT_TRUE(want.ok());
        ExpectSameKey(key, *want);
      }
    }
  }
}

TEST(GenerateP256KeyPairsTest, UsesTheScalarsThatItDraws) {
  FakeEntropy entropy;
  std::string scalars;
  for (int i = 0; i < 64; ++i) {
    scalars += std::string(31, '\0') + static_cast<char>(i + 1);
  }
  entropy.GiveNext(scalars);
  std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 64);
  EXPECT_EQ(entropy.calls(), 1);
  std::string got;
  for (const P256KeyPair& key : keys) {
    std::span<const uint8_t> scalar = key.private_scalar.ExposeSecret();
    got.append(scalar.begin(), scalar.end());
  }
  EXPECT_EQ(got, scalars);
}

// A candidate that is zero, or n or more, is thrown away; the other candidates
// are kept.
TEST(GenerateP256KeyPairsTest, DrawsAgainForASlotWithoutAScalar) {
  auto raw = [](const char* hex) {
    std::array<uint8_t, 32> bytes = FromHex<32>(hex);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string good(32, '\x11');
  for (const char* bad : {kZero, kOrder, kOrderPlusOne, kAllOnes}) {
    FakeEntropy entropy;
    std::string drawn;
    for (int i = 0; i < 8; ++i) drawn += i == 3 ? raw(bad) : good;
    entropy.GiveNext(drawn);
    entropy.GiveNext(raw(bad));
    entropy.GiveNext(raw(kOne));
    std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 8);
    EXPECT_EQ(entropy.calls(), 3);
    ExpectSameKey(keys[3], *P256KeyPairFromScalar(FromHex<32>(kOne)));
    ExpectSameKey(keys[4],
                  *P256KeyPairFromScalar(FromHex<32>(
                      "111111111111111111111111111111111111111111111111111111"
                      "1111111111")));
  }
}

TEST(GenerateP256KeyPairsTest, GivesUpOnASourceThatNeverGivesAScalar) {
  FakeEntropy entropy;
  entropy.GiveNext(std::string(16 * 32, '\xff'));
  for (int i = 0; i < 7; ++i) entropy.GiveNext(std::string(32, '\xff'));
  std::vector<P256KeyPair> keys(16);
  EXPECT_THAT(GenerateP256KeyPairs(Kernel::kSimd, entropy, keys),
              StatusIs(absl::StatusCode::kUnavailable,
                       ::testing::HasSubstr("8 draws")));
}

TEST(GenerateP256KeyPairsTest, FailsAsItsEntropyDoesAndRecovers) {
  for (Kernel kernel : kKernels) {
    FakeEntropy entropy;
    std::vector<P256KeyPair> keys(130);
    for (int successes : {0, 1, 2}) {
      entropy.FailAfter(successes, 1);
      EXPECT_THAT(GenerateP256KeyPairs(kernel, entropy, keys),
                  StatusIs(absl::StatusCode::kUnavailable,
                           "entropy: injected failure"));
      EXPECT_THAT(GenerateP256KeyPairs(kernel, entropy, keys), IsOk());
    }
  }
}

TEST(SignEs256BatchTest, MakesForEverySizeSignaturesThatBoringSslAccepts) {
  for (Kernel kernel : kKernels) {
    for (size_t size : BatchSizes()) {
      FakeEntropy entropy;
      std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, size);
      std::vector<Signature> signatures(size);
      std::vector<Es256Job> jobs = NewJobs(keys, signatures);
      ASSERT_THAT(SignEs256Batch(kernel, entropy, jobs), IsOk());
      for (size_t i = 0; i < size; ++i) {
        EXPECT_TRUE(
            VerifyEs256(keys[i].public_key, jobs[i].digest, signatures[i]))
            << i << " of " << size;
      }
    }
  }
}

TEST(SignEs256BatchTest, EqualsBoringSslWithTheNonceThatTheHeaderPromises) {
  for (size_t size : {1, 2, 3, 64}) {
    FakeEntropy entropy;
    std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, size);
    std::vector<Signature> signatures(size);
    std::vector<Es256Job> jobs = NewJobs(keys, signatures);
    std::string random;
    for (size_t i = 0; i < size * 32; ++i) {
      random += static_cast<char>(i * 7 + i / 32);
    }
    entropy.GiveNext(random);
    ASSERT_THAT(SignEs256Batch(Kernel::kSimd, entropy, jobs), IsOk());
    for (size_t i = 0; i < size; ++i) {
      EXPECT_EQ(
          signatures[i],
          SignWithNonce(keys[i], jobs[i].digest,
                        HedgedNonce(keys[i], jobs[i].digest,
                                    AsBytes(random).subspan(32 * i, 32))));
    }
  }
}

TEST(SignEs256BatchTest, SignsTheExtremeDigests) {
  FakeEntropy entropy;
  std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 8);
  std::vector<Signature> signatures(keys.size());
  std::vector<Es256Job> jobs = NewJobs(keys, signatures);
  jobs[0].digest = FromHex<32>(kZero);
  jobs[1].digest = FromHex<32>(kOne);
  jobs[2].digest = FromHex<32>(kOrder);
  jobs[3].digest = FromHex<32>(kOrderPlusOne);
  jobs[4].digest = FromHex<32>(kAllOnes);
  ASSERT_THAT(SignEs256Batch(Kernel::kSimd, entropy, jobs), IsOk());
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_TRUE(VerifyEs256(keys[i].public_key, jobs[i].digest, signatures[i]));
  }
}

// Repeated random bytes must not lead to repeated nonces: a nonce also depends
// on the key and the digest.
TEST(SignEs256BatchTest, HasOtherNoncesForOtherMessagesWithTheSameEntropy) {
  FakeEntropy entropy;
  std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 16);
  std::vector<std::array<uint8_t, 32>> r;
  for (uint8_t salt = 0; salt < 2; ++salt) {
    std::vector<Signature> signatures(keys.size());
    entropy.GiveNext(std::string(16 * 32, '\0'));
    ASSERT_THAT(
        SignEs256Batch(Kernel::kSimd, entropy, NewJobs(keys, signatures, salt)),
        IsOk());
    for (const Signature& signature : signatures) {
      std::copy_n(signature.begin(), 32, r.emplace_back().begin());
    }
  }
  std::sort(r.begin(), r.end());
  EXPECT_EQ(std::adjacent_find(r.begin(), r.end()), r.end());
}

TEST(SignEs256BatchTest, HasAnotherNonceEachTime) {
  FakeEntropy entropy;
  std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 256);
  std::vector<Signature> signatures(keys.size());
  std::vector<Es256Job> jobs = NewJobs(keys, signatures);
  const int rounds = CountOrLong(200, 40000);  // 10,240,000 signatures
  std::vector<uint64_t> seen;
  seen.reserve(static_cast<size_t>(rounds) * keys.size());
  for (int round = 0; round < rounds; ++round) {
    ASSERT_THAT(SignEs256Batch(Kernel::kSimd, entropy, jobs), IsOk());
    for (const Signature& signature : signatures) {
      // Keeps 64 bits of r. The probability that two of 2^23.3 nonces agree in
      // these bits is 2^-18.
      std::memcpy(&seen.emplace_back(), signature.data() + 8, 8);
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(SignEs256BatchTest, FailsAsItsEntropyDoesAndRecovers) {
  FakeEntropy entropy;
  std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, 130);
  std::vector<Signature> signatures(keys.size());
  std::vector<Es256Job> jobs = NewJobs(keys, signatures);
  for (int successes : {0, 1}) {
    entropy.FailAfter(successes, 1);
    EXPECT_THAT(
        SignEs256Batch(Kernel::kSimd, entropy, jobs),
        StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
    EXPECT_THAT(SignEs256Batch(Kernel::kSimd, entropy, jobs), IsOk());
  }
}

TEST(SignEs256BatchTest, DoesNotSignWithAWipedKey) {
  for (Kernel kernel : kKernels) {
    for (size_t size : {1, 16, 64}) {
      FakeEntropy entropy;
      std::vector<P256KeyPair> keys = NewKeys(Kernel::kSimd, entropy, size);
      std::vector<Signature> signatures(size);
      std::vector<Es256Job> jobs = NewJobs(keys, signatures);
      P256KeyPair moved = std::move(keys[size / 2]);
      EXPECT_THAT(
          SignEs256Batch(kernel, entropy, jobs),
          StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::_));
    }
  }
}

}  // namespace
}  // namespace proofmint::crypto
