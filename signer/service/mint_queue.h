// Requests of different calls, minted together.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_QUEUE_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_QUEUE_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/proof_minter.h"

namespace proofmint::service {

// MintQueue holds requests, first in, first out, until they are minted, as many
// together as ProofMinter takes, whichever calls they came with. A bad one
// fails alone; what all need, such as entropy, can fail those minted together.
//
// Not thread-safe: each thread that mints has a queue of its own.
class MintQueue {
 public:
  // Owner is told of each of its requests how it ended.
  class Owner {
   public:
    // `index` is that of Add, `status` that of ProofMinter::Job. The queue does
    // not touch the owner again after its last request: it may delete itself.
    virtual void Minted(int index, absl::Status status) = 0;

   protected:
    ~Owner() = default;
  };

  // `minter` must outlive the queue.
  explicit MintQueue(const ProofMinter& minter) : minter_(minter) {}

  MintQueue(const MintQueue&) = delete;
  MintQueue& operator=(const MintQueue&) = delete;

  // Add queues `request`; `response` takes the answer. All is borrowed until
  // `owner` is told. `index` is that of ProofMinter::Job.
  void Add(const v1::SignProofRequest& request, v1::SignProofResponse& response,
           int index, Owner& owner) {
    entries_.push_back({&request, &response, index, &owner});
  }

  // The number of requests in the queue.
  size_t size() const { return entries_.size() - minted_; }

  // Mints the first requests of the queue, up to ProofMinter::kMaxTogether, and
  // tells their owners.
  void MintSome();

 private:
  struct Entry {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;
    int index;
    Owner* owner;
  };

  const ProofMinter& minter_;
  std::vector<Entry> entries_;
  size_t minted_ = 0;  // entries at the head that are done with
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_QUEUE_H_
