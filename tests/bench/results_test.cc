#include "bench/results.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "bench/proof_text.h"
#include "signer/dpop/proof.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::bench {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr crypto::Kernel kKernel = crypto::Kernel::kBoringSsl;

class ResultsTest : public ::testing::TestWithParam<std::string> {
 protected:
  dpop::Algorithm algorithm() const {
    return *dpop::AlgorithmFromName(GetParam());
  }

  std::string NewProof(absl::string_view nonce = kNonce) {
    dpop::ProofKey key;
    EXPECT_THAT(GenerateProofKeys(kKernel, algorithm(), *entropy_, {&key, 1}),
                IsOk());
    dpop::HtuBuffer buffer;
    dpop::Claims claims;
    EXPECT_THAT(FillClaims(/*jti=*/{}, buffer, claims), IsOk());
    claims.nonce = nonce;
    std::string proof;
    WriteSigningInput(key, claims, proof);
    dpop::ProofJob job = {&key, &proof};
    EXPECT_THAT(dpop::SignProofs(kKernel, *entropy_, {&job, 1}), IsOk());
    return proof;
  }

  // A key of a library, with its signature over 32 bytes.
  void AddKeyAndSignature(Results& keys, Results& signatures) {
    KeyType type = KeyTypeOf(algorithm());
    LibraryKey key;
    std::array<uint8_t, kPrivateKeySize> private_key;
    std::array<uint8_t, 32> input = {1, 2, 3};
    std::array<uint8_t, kSignatureSize> signature;
    ASSERT_TRUE(library_->Generate(type, key));
    ASSERT_TRUE(library_->ExportPrivateKey(key, private_key));
    ASSERT_TRUE(library_->Sign(key, input, signature));
    keys.AddKey(private_key, key.public_key);
    signatures.AddSignature(key.public_key, input, signature);
    library_->Free(key);
  }

  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
  std::unique_ptr<Library> library_ = NewBoringSslLibrary();
};

TEST_P(ResultsTest, RightOnesPass) {
  Results keys(algorithm());
  Results signatures(algorithm());
  Results proofs(algorithm());
  for (int i = 0; i < 3; ++i) {
    AddKeyAndSignature(keys, signatures);
    proofs.AddProof(NewProof());
  }
  EXPECT_THAT(keys.Verify(), IsOk());
  EXPECT_THAT(signatures.Verify(), IsOk());
  EXPECT_THAT(proofs.Verify(), IsOk());
}

TEST_P(ResultsTest, OneCorruptedBitIsFound) {
  Results keys(algorithm());
  Results signatures(algorithm());
  Results proofs(algorithm());
  for (int i = 0; i < 3; ++i) {
    AddKeyAndSignature(keys, signatures);
    proofs.AddProof(NewProof());
  }
  for (Results* results : {&keys, &signatures, &proofs}) {
    results->CorruptOne();
    EXPECT_THAT(results->Verify(), StatusIs(absl::StatusCode::kInternal,
                                            HasSubstr("1 wrong of 3")));
  }
}

TEST_P(ResultsTest, AKeyThatComesTwiceIsFound) {
  Results proofs(algorithm());
  std::string proof = NewProof();
  proofs.AddProof(proof);
  proofs.AddProof(proof);
  EXPECT_THAT(proofs.Verify(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("1 wrong of 2")));
}

TEST_P(ResultsTest, AProofOfOtherClaimsIsFound) {
  Results proofs(algorithm());
  proofs.AddProof(NewProof("another"));
  EXPECT_THAT(proofs.Verify(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("1 wrong of 1")));
}

TEST_P(ResultsTest, NothingAtAllIsNotRight) {
  EXPECT_THAT(Results(algorithm()).Verify(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("of 0")));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, ResultsTest,
                         ::testing::Values("ES256", "Ed25519"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace proofmint::bench
