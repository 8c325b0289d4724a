// Makes the ways of a broker that calls the generated stub.

#ifndef PROOFMINT_BENCH_COST_STUB_WAYS_H_
#define PROOFMINT_BENCH_COST_STUB_WAYS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/cost/way.h"

namespace proofmint::cost {

// Both connect to the signer at `target` with one channel, as gRPC makes it by
// default, and have one thread for responses. They fail with UNAVAILABLE if the
// signer cannot be reached within kTimeout.

// NewUnaryStub returns a way that calls SignProof.
absl::StatusOr<std::unique_ptr<Way>> NewUnaryStub(const std::string& target);

// NewBatchStub returns a way that calls BatchSignProofs for kBatchSize proofs.
absl::StatusOr<std::unique_ptr<Way>> NewBatchStub(const std::string& target);

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_STUB_WAYS_H_
