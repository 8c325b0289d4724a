// Requests in, proofs out.

#ifndef PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_
#define PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_

#include <cstddef>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"
#include "signer/service/clock.h"

namespace proofmint::service {

inline constexpr int kMaxBatchSize = 256;

// ProofMinter checks requests, takes a key from the pool for each, and signs:
// the proofs of a batch together. It keeps nothing between calls, so the same
// request never gets the same proof twice.
//
// Thread-safe.
class ProofMinter {
 public:
  // `pool` and `entropy` must outlive the minter.
  ProofMinter(crypto::Kernel kernel, keys::KeyPool& pool,
              crypto::Entropy& entropy, Clock clock)
      : kernel_(kernel),
        pool_(pool),
        entropy_(entropy),
        clock_(std::move(clock)) {}

  crypto::Kernel kernel() const { return kernel_; }

  // Fills `response`, or returns an error of errors.h and leaves it as it was.
  absl::Status Mint(const v1::SignProofRequest& request,
                    v1::SignProofResponse& response) const;

  // Answers each request of `batch` in order, in the empty `response`; an item
  // that fails has its own error in its result. Fails as a whole with
  // INVALID_ARGUMENT unless there are 1 to kMaxBatchSize requests.
  absl::Status MintBatch(const v1::BatchSignProofsRequest& batch,
                         v1::BatchSignProofsResponse& response) const;

 private:
  // A request and where its answer goes. The response is written to only when
  // the status is OK.
  struct Item {
    const v1::SignProofRequest* request;
    int index;  // in the batch; negative: alone
    v1::SignProofResponse* response;
    absl::Status status;
  };

  // Mints up to kCapacity proofs together: what they need on the way lies on
  // the stack, 300 KiB of it for 64 and 40 KiB for one.
  template <size_t kCapacity>
  void MintItems(std::span<Item> items) const;

  crypto::Kernel kernel_;
  keys::KeyPool& pool_;
  crypto::Entropy& entropy_;
  Clock clock_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_
