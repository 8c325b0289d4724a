// Collects the results of a BatchSignProofs request.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_BATCH_COLLECTOR_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_BATCH_COLLECTOR_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/mint/mint_queue.h"

namespace proofmint::service {

// CheckBatchSize returns INVALID_ARGUMENT unless `batch` has 1 to kMaxBatchSize
// requests.
absl::Status CheckBatchSize(const v1::BatchSignProofsRequest& batch);

// BatchCollector puts the requests of a batch into a MintQueue and collects
// their results in the response, in the order of the requests. A request that
// fails has its own error as its result.
//
// Not thread-safe.
class BatchCollector final : public MintQueue::Owner {
 public:
  // Add queues all requests of `batch`, which must pass CheckBatchSize, and
  // makes room for their results in the empty `response`. `done` is called
  // once, when the last result is there. The arguments and this object must
  // live until then. To be called once.
  void Add(const v1::BatchSignProofsRequest& batch,
           v1::BatchSignProofsResponse& response, MintQueue& queue,
           const MintQueue::CallInfo& call, std::function<void()> done);

 private:
  void OnMinted(int slot, absl::Status status) override;

  v1::BatchSignProofsResponse* response_ = nullptr;
  int missing_ = 0;
  std::function<void()> done_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_BATCH_COLLECTOR_H_
