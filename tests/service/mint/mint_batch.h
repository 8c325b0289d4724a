// Mints a whole batch without a server.

#ifndef PROOFMINT_TESTS_SERVICE_MINT_MINT_BATCH_H_
#define PROOFMINT_TESTS_SERVICE_MINT_MINT_BATCH_H_

#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/mint/batch_collector.h"
#include "signer/service/mint/mint_queue.h"
#include "signer/service/mint/proof_minter.h"

namespace proofmint::testing {

// MintBatch does what the server does with a batch, without gRPC. Returns the
// error of CheckBatchSize, and UNKNOWN if `done` was not called exactly once.
inline absl::Status MintBatch(const service::ProofMinter& minter,
                              const v1::BatchSignProofsRequest& batch,
                              v1::BatchSignProofsResponse& response) {
  absl::Status size = service::CheckBatchSize(batch);
  if (!size.ok()) return size;
  service::CallStats stats;
  service::MintQueue queue(minter, stats);
  const service::MintQueue::CallInfo call = {.caller = "uid:1"};
  service::BatchCollector collector;
  int ends = 0;
  collector.Add(batch, response, queue, call, [&] { ++ends; });
  while (queue.size() > 0) queue.RunBatch();
  return ends == 1 ? absl::OkStatus()
                   : absl::UnknownError("the batch did not end once");
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_MINT_MINT_BATCH_H_
