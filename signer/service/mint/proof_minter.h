// Makes proofs from requests.

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

// ProofMinter validates requests, takes a key for each from the pool or from
// its key handle, and signs the proofs of a batch together. Each proof has a
// fresh random jti, so the same request never gets the same proof twice.
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

  // Job is a request and its answer: MintBatch either fills `response`, or sets
  // `status` to an error of errors.h and leaves `response` unchanged.
  struct Job {
    const v1::SignProofRequest* request;
    v1::SignProofResponse* response;
    absl::string_view caller;  // the id to which key handles are bound
    absl::Status status;
    // The place in its BatchSignProofsRequest, for the field paths of errors.
    std::optional<int> batch_index = std::nullopt;
  };

  // Mints 1 to crypto::kKernelBatchSize proofs. An invalid request fails alone.
  // If there are no keys of an algorithm, or no entropy, all requests that need
  // them fail.
  void MintBatch(std::span<Job> jobs) const;

  // Mints one proof, as MintBatch does.
  absl::Status Mint(const v1::SignProofRequest& request,
                    v1::SignProofResponse& response,
                    absl::string_view caller = "") const;

 private:
  // The jobs of one run, their requests once they have been checked, and the
  // keys of those that have one.
  struct Batch;

  // Both append keys to the batch, and fail the jobs for which there is no key.
  void OpenHandles(Batch& batch) const;
  void TakeKeys(dpop::Algorithm algorithm, Batch& batch) const;

  // Fails jobs at random, as `faults_` demands.
  void InjectFaults(Batch& batch) const;

  // Mints at most kCapacity jobs, with all scratch space on the stack: 300 KiB
  // for a capacity of 64, and 40 KiB for 1.
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
