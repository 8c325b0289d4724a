#include "signer/service/mint/batch_collector.h"

#include "absl/strings/str_cat.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"

namespace proofmint::service {

absl::Status CheckBatchSize(const v1::BatchSignProofsRequest& batch) {
  const int size = batch.requests_size();
  if (size >= 1 && size <= kMaxBatchSize) return absl::OkStatus();
  return InvalidFieldError(
      kInvalidBatchSize, "requests",
      absl::StrCat("got ", size, " items, want 1 to ", kMaxBatchSize));
}

void BatchCollector::Add(const v1::BatchSignProofsRequest& batch,
                         v1::BatchSignProofsResponse& response,
                         MintQueue& queue, const MintQueue::CallInfo& call,
                         std::function<void()> done) {
  const int size = batch.requests_size();
  response_ = &response;
  missing_ = size;
  done_ = std::move(done);
  response.mutable_results()->Reserve(size);
  for (int i = 0; i < size; ++i) {
    queue.Add({.request = &batch.requests(i),
               .response = response.add_results()->mutable_proof(),
               .call = &call,
               .owner = this,
               .slot = i,
               .batch_index = i});
  }
}

void BatchCollector::OnMinted(int slot, absl::Status status) {
  if (!status.ok()) {
    *response_->mutable_results(slot)->mutable_error() = ToRpcStatus(status);
  }
  if (--missing_ == 0) done_();
}

}  // namespace proofmint::service
