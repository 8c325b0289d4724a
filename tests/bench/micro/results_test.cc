#include "bench/micro/results.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "signer/dpop/proof.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::bench {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr crypto::Kernel kKernel = crypto::Kernel::kBoringSsl;

PoolKey NewPoolKey(dpop::Algorithm algorithm) {
  auto key = std::make_unique<dpop::ProofKey>();
  EXPECT_THAT(GenerateProofKeys(kKernel, algorithm,
                                **crypto::NewSystemEntropy(), {key.get(), 1}),
              IsOk());
  return key;
}

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

  // Adds a key of a library, its signature over 32 bytes, and a proof.
  void AddOneOfEach(std::vector<Results>& kinds) {
    LibraryKey key;
    Signature made;
    made.input.assign(32, 1);
    EXPECT_TRUE(library_->Generate(KeyTypeOf(algorithm()), key));
    EXPECT_TRUE(library_->Sign(key, made.input, made.signature));
    made.key = PublicHalf(key);
    KeyPair pair = PublicHalf(key);
    EXPECT_TRUE(library_->ExportPrivateKey(key, PrivateKeyOf(pair)));
    library_->Free(key);
    kinds[0].push_back(std::move(pair));
    kinds[1].push_back(NewPoolKey(algorithm()));
    kinds[2].push_back(std::move(made));
    kinds[3].push_back(NewProof());
  }

  // Returns three right results of each kind.
  std::vector<Results> NewResults() {
    std::vector<Results> kinds(4);
    for (int i = 0; i < 3; ++i) AddOneOfEach(kinds);
    return kinds;
  }

  // Flips one bit of the key or the signature.
  static void Corrupt(Result& result) {
    if (auto* key = std::get_if<KeyPair>(&result)) {
      PrivateKeyOf(*key)[0] ^= 1;
    } else if (auto* signature = std::get_if<Signature>(&result)) {
      signature->signature[0] ^= 1;
    } else if (auto* proof = std::get_if<Proof>(&result)) {
      char& first_of_signature = (*proof)[proof->rfind('.') + 1];
      first_of_signature = first_of_signature == 'A' ? 'B' : 'A';
    }
  }

  absl::Status Verify(std::span<const Result> results) {
    return ResultVerifier(algorithm()).Verify(results);
  }

  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
  std::unique_ptr<Library> library_ = NewBoringSslLibrary();
};

TEST_P(ResultsTest, RightOnesPass) {
  for (const Results& results : NewResults()) {
    EXPECT_THAT(Verify(results), IsOk());
  }
}

TEST_P(ResultsTest, OneCorruptedBitIsFound) {
  std::vector<Results> kinds = NewResults();
  for (size_t kind : {0, 2, 3}) {
    Corrupt(kinds[kind].back());
    EXPECT_THAT(Verify(kinds[kind]), StatusIs(absl::StatusCode::kInternal,
                                              HasSubstr("1 wrong of 3")));
  }
}

TEST_P(ResultsTest, AKeyThatComesTwiceIsFound) {
  std::vector<Results> kinds = NewResults();
  for (size_t kind : {0, 1, 3}) {
    ResultVerifier verifier(algorithm());
    EXPECT_THAT(verifier.Verify(std::span(kinds[kind]).first(1)), IsOk());
    EXPECT_THAT(
        verifier.Verify(kinds[kind]),
        StatusIs(absl::StatusCode::kInternal, HasSubstr("1 wrong of 3")));
  }
}

TEST_P(ResultsTest, AProofOfOtherClaimsIsFound) {
  const Result other = NewProof("another");
  EXPECT_THAT(Verify({&other, 1}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("1 wrong of 1")));
}

TEST_P(ResultsTest, NoResultsAreAnError) {
  EXPECT_THAT(Verify({}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no results")));
}

TEST(ResultVerifierTest, AKeyWithTheHeaderOfAnotherAlgorithmIsFound) {
  const Result result = NewPoolKey(dpop::Algorithm::kEdDsa);
  EXPECT_THAT(ResultVerifier(dpop::Algorithm::kEdDsa).Verify({&result, 1}),
              IsOk());
  EXPECT_THAT(ResultVerifier(dpop::Algorithm::kEd25519).Verify({&result, 1}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("1 wrong of 1")));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, ResultsTest,
                         ::testing::Values("ES256", "Ed25519"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace proofmint::bench
