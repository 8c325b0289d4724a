// A batch minted from beginning to end.

#ifndef PROOFMINT_TESTS_SERVICE_MINT_BATCH_H_
#define PROOFMINT_TESTS_SERVICE_MINT_BATCH_H_

#include <optional>

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/batch_mint.h"
#include "signer/service/mint_queue.h"
#include "signer/service/proof_minter.h"

namespace proofmint::testing {

// MintBatch does what the server does with a batch, without gRPC. Returns what
// BatchMint ended with; UNKNOWN if it did not end exactly once.
inline absl::Status MintBatch(const service::ProofMinter& minter,
                              const v1::BatchSignProofsRequest& batch,
                              v1::BatchSignProofsResponse& response) {
  service::MintQueue queue(minter);
  service::BatchMint mint;
  std::optional<absl::Status> end;
  int ends = 0;
  mint.Add(batch, response, queue, [&](absl::Status status) {
    end = std::move(status);
    ++ends;
  });
  while (queue.size() > 0) queue.MintSome();
  return ends == 1 ? *end : absl::UnknownError("the batch did not end once");
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_MINT_BATCH_H_
