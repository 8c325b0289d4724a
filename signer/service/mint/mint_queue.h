// Requests of different calls, minted together.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_

#include <cstddef>
#include <deque>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/observe/call_stats.h"

namespace proofmint::service {

// MintQueue holds requests, first in, first out, until they are minted, as many
// together as ProofMinter takes, whichever calls they came with. A bad one
// fails alone; what all need, such as entropy, can fail those minted together.
// One whose deadline has passed costs no cryptography.
//
// Not thread-safe: each thread that mints has a queue of its own.
class MintQueue {
 public:
  // What the requests of a call have in common. Times are of MonotonicNow.
  struct Call {
    absl::string_view caller;
    absl::Duration arrived;
    absl::Duration deadline = absl::InfiniteDuration();
  };

  // Owner is told of each of its requests how it ended.
  class Owner {
   public:
    // `index` is that of Add, `status` that of ProofMinter::Job, or a
    // DeadlineTooShortError. The queue does not touch the owner again after its
    // last request: it may delete itself.
    virtual void Minted(int index, absl::Status status) = 0;

   protected:
    ~Owner() = default;
  };

  // `minter` and `stats`, which counts proofs, errors and times, must outlive
  // the queue.
  MintQueue(const ProofMinter& minter, CallStats& stats)
      : minter_(minter), stats_(stats) {}

  MintQueue(const MintQueue&) = delete;
  MintQueue& operator=(const MintQueue&) = delete;

  // Add queues `request`; `response` takes the answer. All is borrowed until
  // `owner` is told. `index` is that of ProofMinter::Job.
  void Add(const v1::SignProofRequest& request, v1::SignProofResponse& response,
           int index, const Call& call, Owner& owner) {
    entries_.push_back({&request, &response, index, &call, &owner});
  }

  // The number of requests in the queue.
  size_t size() const { return entries_.size(); }

  // How long a request that is added now will about wait: as long as the last
  // one that was minted has, if others are still waiting.
  absl::Duration ExpectedWait() const {
    return size() == 0 ? absl::ZeroDuration() : last_wait_;
  }

  // Mints the first requests of the queue, up to crypto::kKernelBatchSize, and
  // tells their owners.
  void MintSome();

 private:
  struct Entry {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;
    int index;
    const Call* call;
    Owner* owner;
  };

  const ProofMinter& minter_;
  CallStats& stats_;
  std::deque<Entry> entries_;
  absl::Duration last_wait_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_
