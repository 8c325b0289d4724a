#include "signer/service/mint/mint_queue.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "signer/base/clock.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {

void MintQueue::RunBatch() {
  const absl::Duration begin = base::MonotonicNow();
  const size_t count = std::min(size(), crypto::kKernelBatchSize);
  auto in_time = [begin](const Item& item) {
    return item.call->deadline > begin;
  };
  std::array<ProofMinter::Job, crypto::kKernelBatchSize> jobs;
  size_t job_count = 0;
  for (size_t i = 0; i < count; ++i) {
    const Item& item = items_[i];
    last_wait_ = begin - item.call->arrived;
    if (item.slot == 0) stats_.queue.Add(last_wait_);
    if (in_time(item)) {
      jobs[job_count++] = {item.request, item.response, item.call->caller,
                           absl::OkStatus(), item.batch_index};
    }
  }
  if (job_count > 0) {
    minter_.MintBatch(std::span(jobs).first(job_count));
    stats_.execution.Add(base::MonotonicNow() - begin);
  }

  size_t job = 0;
  for (size_t i = 0; i < count; ++i) {
    const Item item = items_.front();
    items_.pop_front();
    absl::Status status =
        in_time(item) ? std::move(jobs[job++].status) : DeadlineTooShortError();
    if (status.ok()) {
      stats_.proofs.Add(1);
    } else {
      stats_.CountError(status);
    }
    item.owner->OnMinted(item.slot, std::move(status));
  }
}

}  // namespace proofmint::service
