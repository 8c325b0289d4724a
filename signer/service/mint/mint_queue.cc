#include "signer/service/mint/mint_queue.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "signer/base/clock.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {

void MintQueue::MintSome() {
  const absl::Duration begin = base::MonotonicNow();
  const size_t count = std::min(size(), crypto::kKernelBatchSize);
  auto in_time = [begin](const Entry& entry) {
    return entry.call->deadline > begin;
  };
  std::array<ProofMinter::Job, crypto::kKernelBatchSize> jobs;
  size_t job_count = 0;
  for (size_t i = 0; i < count; ++i) {
    const Entry& entry = entries_[i];
    last_wait_ = begin - entry.call->arrived;
    if (entry.index <= 0) stats_.queue.Add(last_wait_);  // once for a call
    if (in_time(entry)) {
      jobs[job_count++] = {entry.request, entry.response, entry.call->caller,
                           absl::OkStatus(), entry.index};
    }
  }
  if (job_count > 0) {
    minter_.MintTogether(std::span(jobs).first(job_count));
    stats_.execution.Add(base::MonotonicNow() - begin);
  }

  size_t job = 0;
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = entries_.front();
    entries_.pop_front();
    absl::Status status = in_time(entry) ? std::move(jobs[job++].status)
                                         : DeadlineTooShortError();
    if (status.ok()) {
      stats_.proofs.Add(1);
    } else {
      stats_.CountError(status);
    }
    entry.owner->Minted(entry.index, std::move(status));
  }
}

}  // namespace proofmint::service
