// Queues requests until they are minted.

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

// MintQueue holds requests, first in, first out, until they are minted. Each
// run mints as many as ProofMinter takes, and mixes requests of different
// calls. An invalid request fails alone. A failure of something that all need,
// such as entropy, fails all requests of the run. A request whose deadline has
// passed is answered without any cryptography.
//
// Not thread-safe: each call thread has its own queue.
class MintQueue {
 public:
  // CallInfo is what the requests of one call have in common. Times are of
  // MonotonicNow.
  struct CallInfo {
    absl::string_view caller;
    absl::Duration arrived;
    absl::Duration deadline = absl::InfiniteDuration();
  };

  // Owner receives the outcome of each of its requests.
  class Owner {
   public:
    // `slot` is that of the Item, `status` that of ProofMinter::Job, or a
    // DeadlineTooShortError. The queue does not touch the owner again after its
    // last request: it may delete itself.
    virtual void OnMinted(int slot, absl::Status status) = 0;

   protected:
    ~Owner() = default;
  };

  // Item is a request in the queue. Everything that it points to must live
  // until OnMinted is called.
  struct Item {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;  // receives the answer
    const CallInfo* call;
    Owner* owner;
    // The number of the request within its call, from 0, by which the owner
    // tells its requests apart. The time that a call waits is counted with slot
    // 0.
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

  // Returns the number of requests in the queue.
  size_t size() const { return items_.size(); }

  // Estimates how long a request that is added now will wait: as long as the
  // last one that was minted did, or not at all if the queue is empty.
  absl::Duration ExpectedWait() const {
    return size() == 0 ? absl::ZeroDuration() : last_wait_;
  }

  // Mints the first requests of the queue, at most crypto::kKernelBatchSize,
  // and calls OnMinted for each.
  void RunBatch();

 private:
  const ProofMinter& minter_;
  CallStats& stats_;
  std::deque<Item> items_;
  absl::Duration last_wait_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_MINT_QUEUE_H_
