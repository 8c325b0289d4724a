// Requests of different calls, minted together.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_

#include <cstddef>
#include <deque>
#include <optional>

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
  // CallInfo is what the requests of one call have in common. Times are of
  // MonotonicNow.
  struct CallInfo {
    absl::string_view caller;
    absl::Duration arrived;
    absl::Duration deadline = absl::InfiniteDuration();
  };

  // Owner is told of each of its requests how it ended.
  class Owner {
   public:
    // `slot` is that of the Item, `status` that of ProofMinter::Job, or a
    // DeadlineTooShortError. The queue does not touch the owner again after its
    // last request: it may delete itself.
    virtual void OnMinted(int slot, absl::Status status) = 0;

   protected:
    ~Owner() = default;
  };

  // Item is a request in the queue. All that it points to is borrowed until
  // `owner` is told.
  struct Item {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;  // takes the answer
    const CallInfo* call;
    Owner* owner;
    // Which request of the call this is, from 0, for the owner to tell them
    // apart. The time that a call waits is counted with slot 0.
    int slot = 0;
    std::optional<int> batch_index = std::nullopt;  // of ProofMinter::Job
  };

  // `minter` and `stats`, which counts proofs, errors and times, must outlive
  // the queue.
  MintQueue(const ProofMinter& minter, CallStats& stats)
      : minter_(minter), stats_(stats) {}

  MintQueue(const MintQueue&) = delete;
  MintQueue& operator=(const MintQueue&) = delete;

  void Add(const Item& item) { items_.push_back(item); }

  // The number of requests in the queue.
  size_t size() const { return items_.size(); }

  // How long a request that is added now will about wait: as long as the last
  // one that was minted has, if others are still waiting.
  absl::Duration ExpectedWait() const {
    return size() == 0 ? absl::ZeroDuration() : last_wait_;
  }

  // Mints the first requests of the queue, up to crypto::kKernelBatchSize, and
  // tells their owners.
  void RunBatch();

 private:
  const ProofMinter& minter_;
  CallStats& stats_;
  std::deque<Item> items_;
  absl::Duration last_wait_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_
