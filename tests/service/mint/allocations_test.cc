// Counts the allocations that a proof takes.

#include <google/protobuf/arena.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "absl/base/attributes.h"
#include "absl/time/clock.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/mint/batch_collector.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/rpc/message_bytes.h"

namespace {

// Per thread, so that the key pool's refill is not counted.
thread_local size_t allocations = 0;
thread_local size_t allocated_bytes = 0;

}  // namespace

// Not inlined, or gcc sees a free() without its malloc().
ABSL_ATTRIBUTE_NOINLINE void* operator new(size_t size) {
  ++allocations;
  allocated_bytes += size;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory) noexcept {
  std::free(memory);
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace proofmint::service {
namespace {

constexpr int kBatchSize = static_cast<int>(crypto::kKernelBatchSize);
// The strings of a request and its answer that are too long for the object
// itself: htu, nonce, proof and jkt.
constexpr size_t kStringsPerProof = 4;

grpc::ByteBuffer BytesOf(const google::protobuf::Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

v1::SignProofRequest TokenRequest(v1::Algorithm algorithm) {
  v1::SignProofRequest request;
  request.set_algorithm(algorithm);
  request.set_htm("POST");
  request.set_htu("https://idp.example/oauth2/token");
  request.set_nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v");
  return request;
}

class AllocationsTest : public ::testing::TestWithParam<v1::Algorithm> {
 protected:
  AllocationsTest() { KeepGrpcInitialized(); }

  std::unique_ptr<crypto::Entropy> entropy_ =
      crypto::NewSystemEntropy().value();
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel()}, *entropy_)
          .value();
  std::unique_ptr<keys::KeyHandles> handles_ =
      keys::KeyHandles::New({}, *entropy_).value();
  ProofMinter minter_{crypto::DefaultKernel(), *key_pool_, *handles_, *entropy_,
                      absl::Now};
  CallStats stats_;
  MintQueue queue_{minter_, stats_};
  const MintQueue::CallInfo call_ = {.caller = "uid:1"};
};

// Does what a call of BatchSignProofs does, from the bytes of the request to
// those of the answer.
TEST_P(AllocationsTest, ABatchTakesAtMostOneForAProofBeyondItsStrings) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < kBatchSize; ++i) {
    *batch.add_requests() = TokenRequest(GetParam());
  }
  const grpc::ByteBuffer request_bytes = BytesOf(batch);
  // The first round makes the allocations that are kept.
  for (int round = 0; round < 2; ++round) {
    const size_t allocations_before = allocations;
    const size_t bytes_before = allocated_bytes;
    bool done = false;
    {
      google::protobuf::Arena arena;
      auto* request =
          google::protobuf::Arena::CreateMessage<v1::BatchSignProofsRequest>(
              &arena);
      auto* response =
          google::protobuf::Arena::CreateMessage<v1::BatchSignProofsResponse>(
              &arena);
      BatchCollector collector;
      grpc::ByteBuffer response_bytes;
      grpc::ByteBuffer bytes = request_bytes;
      ASSERT_TRUE(ParseMessage(bytes, *request).ok());
      collector.Add(*request, *response, queue_, call_, [&] {
        done = SerializeMessage(*response, response_bytes).ok();
      });
      queue_.RunBatch();
      ASSERT_TRUE(done);
      ASSERT_TRUE(response->results(kBatchSize - 1).has_proof());
    }
    if (round == 0) continue;
    const size_t count = allocations - allocations_before;
    std::printf(
        "%.2f allocations and %.0f bytes for a proof\n",
        static_cast<double>(count) / kBatchSize,
        static_cast<double>(allocated_bytes - bytes_before) / kBatchSize);
    EXPECT_GE(count, kStringsPerProof * kBatchSize);
    EXPECT_LE(count, (kStringsPerProof + 1) * kBatchSize);
  }
}

TEST_P(AllocationsTest, MintingOneTakesNoneBeyondItsStrings) {
  const v1::SignProofRequest request = TokenRequest(GetParam());
  for (int round = 0; round < 2; ++round) {
    v1::SignProofResponse response;
    const size_t before = allocations;
    ASSERT_TRUE(minter_.Mint(request, response).ok());
    if (round == 1) {
      EXPECT_EQ(allocations - before, 4u)
          << "the proof and the jkt: an object and its text each";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, AllocationsTest,
                         ::testing::Values(v1::ALGORITHM_ES256,
                                           v1::ALGORITHM_ED25519));

}  // namespace
}  // namespace proofmint::service
