#include "signer/service/mint/batch_collector.h"

#include <gmock/gmock.h>

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"
#include "tests/service/mint/mint_batch.h"
#include "tests/service/mint/minter_test.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::IsRetryableError;
using ::proofmint::testing::kAlgorithms;
using ::proofmint::testing::MintBatch;
using ::proofmint::testing::MinterTest;
using ::proofmint::testing::ValidRequest;

using BatchCollectorTest = MinterTest;

TEST_F(BatchCollectorTest, RefusesABatchOfNoneOrTooMany) {
  for (int size : {0, kMaxBatchSize + 1}) {
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < size; ++i) {
      *batch.add_requests() = ValidRequest(v1::ALGORITHM_ES256);
    }
    v1::BatchSignProofsResponse response;
    google::rpc::Status error =
        ToRpcStatus(MintBatch(minter_, batch, response));
    EXPECT_EQ(error.code(), google::rpc::INVALID_ARGUMENT);
    EXPECT_EQ(error.message(),
              absl::StrCat("requests: got ", size, " items, want 1 to 256"));
    EXPECT_EQ(response.results_size(), 0);
  }
}

// The batch needs more keys of one algorithm than the pool has, and more than
// one run of the kernels.
TEST_F(BatchCollectorTest, MintsABatchFromThePoolAndWithTheKernels) {
  for (crypto::Kernel kernel :
       {crypto::Kernel::kSimd, crypto::Kernel::kBoringSsl}) {
    std::unique_ptr<keys::KeyPool> pool =
        keys::KeyPool::New({.kernel = kernel, .capacity = 20}, entropy_)
            .value();
    pool->WaitUntilFull();
    ProofMinter minter(kernel, *pool, *handles_, entropy_,
                       [this] { return now_; });
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < kMaxBatchSize; ++i) {
      *batch.add_requests() = ValidRequest(kAlgorithms[i * i % 4 + i % 3 % 2]);
      batch.mutable_requests(i)->set_nonce(absl::StrCat("nonce", i));
      batch.mutable_requests(i)->mutable_iat_offset()->set_seconds(i);
    }
    v1::BatchSignProofsResponse response;
    ASSERT_THAT(MintBatch(minter, batch, response), IsOk());
    ASSERT_EQ(response.results_size(), kMaxBatchSize);
    std::set<std::string> keys;
    std::set<std::string> jtis;
    for (int i = 0; i < kMaxBatchSize; ++i) {
      const v1::SignProofResponse& result = response.results(i).proof();
      absl::StatusOr<dpop::InspectedProof> proof =
          dpop::InspectProof(result.proof());
      ASSERT_THAT(proof, IsOk());
      EXPECT_TRUE(proof->signature_valid);
      EXPECT_EQ(proof->nonce, absl::StrCat("nonce", i));
      EXPECT_EQ(proof->iat, absl::ToUnixSeconds(now_) + i);
      EXPECT_EQ(proof->iat, result.iat());
      EXPECT_EQ(proof->jkt, result.jkt());
      keys.insert(proof->jkt);
      jtis.insert(proof->jti);
    }
    EXPECT_EQ(keys.size(), static_cast<size_t>(kMaxBatchSize));
    EXPECT_EQ(jtis.size(), static_cast<size_t>(kMaxBatchSize));
    keys::KeyPool::Stats stats = pool->GetStats(dpop::Algorithm::kEs256);
    EXPECT_GT(stats.pooled, 0u);
    EXPECT_GT(stats.missed, 0u);
  }
}

TEST_F(BatchCollectorTest, FailsOnlyTheItemsOfAnAlgorithmThatGetsNoKeys) {
  constexpr v1::Algorithm kDistinct[] = {
      v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519, v1::ALGORITHM_EDDSA};
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 9; ++i)
    *batch.add_requests() = ValidRequest(kDistinct[i % 3]);
  *batch.add_requests() = ValidRequest(v1::ALGORITHM_ES256);
  batch.mutable_requests(9)->set_htu("");
  for (int failing = 0; failing < 3; ++failing) {
    for (int made = 0; made < 3; ++made) {
      SCOPED_TRACE(absl::StrCat(kDistinct[failing], " after ", made));
      entropy_.FailAfter(/*successes=*/3 * failing + made, /*failures=*/1);
      v1::BatchSignProofsResponse response;
      ASSERT_THAT(MintBatch(minter_, batch, response), IsOk());
      std::set<std::string> keys;
      for (int i = 0; i < 9; ++i) {
        const v1::SignProofResult& result = response.results(i);
        if (i % 3 == failing) {
          EXPECT_THAT(result.error(),
                      IsRetryableError("KEY_GENERATION_FAILED"));
        } else {
          absl::StatusOr<dpop::InspectedProof> proof =
              dpop::InspectProof(result.proof().proof());
          ASSERT_THAT(proof, IsOk());
          EXPECT_TRUE(proof->signature_valid);
          EXPECT_EQ(proof->jkt, result.proof().jkt());
          keys.insert(proof->jkt);
        }
      }
      EXPECT_EQ(keys.size(), 6u);
      EXPECT_EQ(response.results(9).error().code(),
                google::rpc::INVALID_ARGUMENT);
    }
  }
}

// The kernels draw entropy for the nonces, too.
TEST_F(BatchCollectorTest, FailsAllOfABatchWhoseNoncesHaveNoEntropy) {
  ProofMinter minter(crypto::Kernel::kSimd, *key_pool_, *handles_, entropy_,
                     [this] { return now_; });
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 32; ++i) {
    *batch.add_requests() = ValidRequest(v1::ALGORITHM_ES256);
  }
  // One draw for each key, and one for all jti.
  entropy_.FailAfter(/*successes=*/33, /*failures=*/1);
  v1::BatchSignProofsResponse response;
  ASSERT_THAT(MintBatch(minter, batch, response), IsOk());
  for (const v1::SignProofResult& result : response.results()) {
    EXPECT_THAT(result.error(), IsRetryableError("SIGNING_FAILED"));
  }
  response.Clear();
  ASSERT_THAT(MintBatch(minter, batch, response), IsOk());
  EXPECT_TRUE(response.results(31).has_proof());
}

}  // namespace
}  // namespace proofmint::service
