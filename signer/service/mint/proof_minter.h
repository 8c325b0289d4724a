// Requests in, proofs out.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_PROOF_MINTER_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_PROOF_MINTER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/clock.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/algorithm.h"
#include "signer/keys/key_handles.h"
#include "signer/keys/key_pool.h"
#include "signer/service/mint/faults.h"

namespace proofmint::service {

// ProofMinter checks requests, takes a key for each from the pool, or from its
// key handle, and signs: the proofs of a batch together. It keeps nothing
// between calls, so the same request never gets the same proof twice.
//
// Thread-safe.
class ProofMinter {
 public:
  // `pool`, `handles` and `entropy` must outlive the minter.
  ProofMinter(crypto::Kernel kernel, keys::KeyPool& pool,
              const keys::KeyHandles& handles, crypto::Entropy& entropy,
              base::Clock clock, const Faults& faults = {})
      : kernel_(kernel),
        pool_(pool),
        handles_(handles),
        entropy_(entropy),
        clock_(std::move(clock)),
        faults_(faults) {}

  crypto::Kernel kernel() const { return kernel_; }

  // A request and where its answer goes: MintBatch fills `response`, or sets
  // `status` to an error of errors.h and leaves `response` as it was.
  struct Job {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;
    absl::string_view caller;  // to whom key handles are bound
    absl::Status status;
    // The place in its BatchSignProofsRequest, for the field paths of errors.
    std::optional<int> batch_index = std::nullopt;
  };

  // Mints 1 to crypto::kKernelBatchSize proofs. A bad request fails alone;
  // where keys of an algorithm, or entropy, cannot be had, so do all that need
  // them.
  void MintBatch(std::span<Job> jobs) const;

  // Mints one proof, as MintBatch does.
  absl::Status Mint(const v1::SignProofRequest& request,
                    v1::SignProofResponse& response,
                    absl::string_view caller = "") const;

 private:
  // The jobs of one run, their requests once they have been checked, and the
  // keys of those that have one.
  struct Batch;

  // Both append to the keys, and fail the jobs whose key cannot be had.
  void OpenHandles(Batch& batch) const;
  void TakeKeys(dpop::Algorithm algorithm, Batch& batch) const;

  // Fails jobs on purpose.
  void InjectFaults(Batch& batch) const;

  // What `jobs` need on the way lies on the stack: 300 KiB for a capacity of 64
  // and 40 KiB for 1.
  template <size_t kCapacity>
  void MintUpTo(std::span<Job> jobs) const;

  crypto::Kernel kernel_;
  keys::KeyPool& pool_;
  const keys::KeyHandles& handles_;
  crypto::Entropy& entropy_;
  base::Clock clock_;
  Faults faults_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_PROOF_MINTER_H_
