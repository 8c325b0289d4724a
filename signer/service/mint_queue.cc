#include "signer/service/mint_queue.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace proofmint::service {

void MintQueue::MintSome() {
  std::array<ProofMinter::Job, ProofMinter::kMaxTogether> jobs;
  const size_t count = std::min(size(), jobs.size());
  const std::span<const Entry> entries =
      std::span(entries_).subspan(minted_, count);
  for (size_t i = 0; i < count; ++i) {
    jobs[i] = {entries[i].request, entries[i].response, {}, entries[i].index};
  }
  minter_.MintTogether(std::span(jobs).first(count));
  for (size_t i = 0; i < count; ++i) {
    entries[i].owner->Minted(entries[i].index, std::move(jobs[i].status));
  }
  minted_ += count;
  if (minted_ == entries_.size()) {
    entries_.clear();
    minted_ = 0;
  }
}

}  // namespace proofmint::service
