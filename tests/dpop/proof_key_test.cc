#include "signer/dpop/proof_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/sha2.h"
#include "tests/dpop/test_keys.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::FromHex;
using proofmint::testing::StatusIs;

std::string HeaderOf(const ProofKey& key) {
  std::string header;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(key.encoded_header(), &header));
  EXPECT_EQ(absl::WebSafeBase64Escape(header), key.encoded_header());
  return header;
}

// Tells whether `secret` is anywhere in the memory of an object.
bool MemoryHolds(const void* place, size_t size,
                 const std::array<uint8_t, 32>& secret) {
  const auto* bytes = static_cast<const volatile uint8_t*>(place);
  std::string memory(bytes, bytes + size);
  return memory.find(std::string(secret.begin(), secret.end())) !=
         std::string::npos;
}

//= rfc9449#4.2
//# The JOSE Header of a DPoP JWT MUST contain at least the following
//# parameters:
//# type=test
TEST(ProofKeyTest, EncodesTheHeaderOfAnEs256Key) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEs256)),
            R"({"typ":"dpop+jwt","alg":"ES256",)"
            R"("jwk":{"crv":"P-256","kty":"EC",)"
            R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})");
}

TEST(ProofKeyTest, EncodesTheHeaderOfAnEd25519Key) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEd25519)),
            R"({"typ":"dpop+jwt","alg":"Ed25519",)"
            R"("jwk":{"crv":"Ed25519","kty":"OKP",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})");
}

TEST(ProofKeyTest, EncodesTheHeaderOfAnEdDsaKey) {
  EXPECT_EQ(HeaderOf(PublishedKey(Algorithm::kEdDsa)),
            R"({"typ":"dpop+jwt","alg":"EdDSA",)"
            R"("jwk":{"crv":"Ed25519","kty":"OKP",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})");
}

// The first thumbprint was computed from the key of RFC 7515; the others are
// from RFC 8037 appendix A.3.
TEST(ProofKeyTest, GivesTheThumbprint) {
  EXPECT_EQ(PublishedKey(Algorithm::kEs256).jkt(),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
  EXPECT_EQ(PublishedKey(Algorithm::kEd25519).jkt(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(PublishedKey(Algorithm::kEdDsa).jkt(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

// The size of a header must not depend on the key, so that it reveals nothing
// about the key.
TEST(ProofKeyTest, HasAFixedHeaderSizeForEachAlgorithm) {
  FakeEntropy entropy;
  for (int i = 0; i < 600; ++i) {  // One key in 128 has a leading zero byte.
    EXPECT_EQ(NewKey(Algorithm::kEs256, entropy).encoded_header().size(), 220u);
    EXPECT_EQ(NewKey(Algorithm::kEd25519, entropy).encoded_header().size(),
              160u);
    EXPECT_EQ(NewKey(Algorithm::kEdDsa, entropy).encoded_header().size(), 158u);
  }
}

TEST(ProofKeyTest, HasAThumbprintOf43Characters) {
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_EQ(PublishedKey(algorithm).jkt().size(), 43u);
  }
}

//= rfc9449#4.2
//# It MUST NOT contain a private key.
//# type=test
TEST(ProofKeyTest, KeepsThePrivateKeyOutOfTheHeader) {
  for (Algorithm algorithm : kAlgorithms) {
    std::string header = HeaderOf(PublishedKey(algorithm));
    EXPECT_EQ(header.find(R"("d")"), std::string::npos);
    for (absl::string_view hex : {kRfc7515Scalar, kRfc8037Seed}) {
      std::string secret = absl::HexStringToBytes(hex);
      EXPECT_EQ(header.find(absl::WebSafeBase64Escape(secret)),
                std::string::npos);
    }
  }
}

TEST(ProofKeyTest, DigestEqualsTheHashOfTheWholeSigningInput) {
  FakeEntropy entropy;
  ProofKey key = NewKey(Algorithm::kEs256, entropy);
  for (size_t size = 0; size < 300; ++size) {
    std::string input =
        absl::StrCat(key.encoded_header(), ".", std::string(size, 'c'));
    EXPECT_EQ(key.Digest(input), crypto::Sha256(crypto::AsBytes(input)));
  }
}

TEST(ProofKeyTest, GeneratesAnotherKeyEachTime) {
  FakeEntropy entropy;
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_NE(NewKey(algorithm, entropy).jkt(),
              NewKey(algorithm, entropy).jkt());
  }
}

TEST(ProofKeyTest, GeneratesTheKeyThatItDraws) {
  FakeEntropy entropy;
  entropy.GiveNext(absl::HexStringToBytes(kRfc7515Scalar));
  EXPECT_EQ(NewKey(Algorithm::kEs256, entropy).jkt(),
            PublishedKey(Algorithm::kEs256).jkt());
  entropy.GiveNext(absl::HexStringToBytes(kRfc8037Seed));
  EXPECT_EQ(NewKey(Algorithm::kEdDsa, entropy).jkt(),
            PublishedKey(Algorithm::kEdDsa).jkt());
}

TEST(ProofKeyTest, FailsAsItsEntropyDoes) {
  FakeEntropy entropy;
  for (Algorithm algorithm : kAlgorithms) {
    entropy.FailAfter(0, 1);
    ProofKey key;
    EXPECT_THAT(
        GenerateProofKeys(crypto::Kernel::kBoringSsl, algorithm, entropy,
                          {&key, 1}),
        StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
    EXPECT_EQ(NewKey(algorithm, entropy).jkt().size(), kJktSize);
  }
}

// Keys are generated in chunks of 64: the sizes are around multiples of it.
TEST(ProofKeyTest, IsGeneratedInAnyNumber) {
  FakeEntropy entropy;
  for (crypto::Kernel kernel :
       {crypto::Kernel::kSimd, crypto::Kernel::kBoringSsl}) {
    for (Algorithm algorithm : kAlgorithms) {
      for (size_t size : {0u, 1u, 63u, 64u, 65u, 130u}) {
        std::vector<ProofKey> keys(size);
        ASSERT_TRUE(GenerateProofKeys(kernel, algorithm, entropy, keys).ok());
        std::set<std::string> headers;
        for (const ProofKey& key : keys) headers.insert(HeaderOf(key));
        EXPECT_EQ(headers.size(), size);
        EXPECT_FALSE(headers.contains(""));
      }
    }
  }
}

TEST(ProofKeyTest, FailsToBeGeneratedAsItsEntropyDoes) {
  for (crypto::Kernel kernel :
       {crypto::Kernel::kSimd, crypto::Kernel::kBoringSsl}) {
    for (Algorithm algorithm : kAlgorithms) {
      // The number of draws depends on the kernel, so count them first.
      std::vector<ProofKey> keys(130);
      FakeEntropy counted;
      ASSERT_TRUE(GenerateProofKeys(kernel, algorithm, counted, keys).ok());
      for (int successes = 0; successes < counted.calls(); ++successes) {
        FakeEntropy entropy;
        entropy.FailAfter(successes, /*failures=*/1);
        EXPECT_THAT(GenerateProofKeys(kernel, algorithm, entropy, keys),
                    StatusIs(absl::StatusCode::kUnavailable,
                             "entropy: injected failure"))
            << successes;
      }
    }
  }
}

TEST(ProofKeyTest, IsMovedAndNeverCopied) {
  EXPECT_FALSE(std::is_copy_constructible_v<ProofKey>);
  EXPECT_FALSE(std::is_copy_assignable_v<ProofKey>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<ProofKey>);
  EXPECT_TRUE(std::is_nothrow_move_assignable_v<ProofKey>);
}

TEST(ProofKeyTest, LeavesNoPrivateKeyBehindWhenMovedOrDestroyed) {
  for (Algorithm algorithm : kAlgorithms) {
    auto secret = FromHex<32>(algorithm == Algorithm::kEs256 ? kRfc7515Scalar
                                                             : kRfc8037Seed);
    alignas(ProofKey) uint8_t storage[sizeof(ProofKey)];
    auto* source = new (storage) ProofKey(PublishedKey(algorithm));
    ASSERT_TRUE(MemoryHolds(storage, sizeof(storage), secret));
    ProofKey moved = std::move(*source);
    EXPECT_FALSE(MemoryHolds(storage, sizeof(storage), secret));
    EXPECT_EQ(moved.jkt(), PublishedKey(algorithm).jkt());
    EXPECT_EQ(moved.encoded_header(), PublishedKey(algorithm).encoded_header());
    *source = std::move(moved);
    EXPECT_FALSE(MemoryHolds(&moved, sizeof(moved), secret));
    ASSERT_TRUE(MemoryHolds(storage, sizeof(storage), secret));
    std::destroy_at(source);
    EXPECT_FALSE(MemoryHolds(storage, sizeof(storage), secret));
  }
}

}  // namespace
}  // namespace proofmint::dpop
