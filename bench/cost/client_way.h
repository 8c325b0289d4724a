// Makes the way of a broker with the client library.

#ifndef PROOFMINT_BENCH_COST_CLIENT_WAY_H_
#define PROOFMINT_BENCH_COST_CLIENT_WAY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/cost/way.h"

namespace proofmint::cost {

// NewClientWay returns a way that calls SignerClient::SignProof, with the
// default options, for the signer at `target`. Fails as SignerClient does if
// the signer cannot be reached.
absl::StatusOr<std::unique_ptr<Way>> NewClientWay(const std::string& target);

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_CLIENT_WAY_H_
