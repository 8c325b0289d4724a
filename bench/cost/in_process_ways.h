// Makes the ways of a broker that signs in its own process.

#ifndef PROOFMINT_BENCH_COST_IN_PROCESS_WAYS_H_
#define PROOFMINT_BENCH_COST_IN_PROCESS_WAYS_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "bench/cost/way.h"
#include "bench/micro/library.h"

namespace proofmint::cost {

// NewArrivals returns a way whose calls do nothing and return empty proofs.
std::unique_ptr<Way> NewArrivals();

// NewInProcess returns a way that makes a key and a proof for each call, on the
// calling thread, with a library that `new_library` makes for each of
// `threads`.
absl::StatusOr<std::unique_ptr<Way>> NewInProcess(
    std::unique_ptr<bench::Library> (*new_library)(), size_t threads);

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_IN_PROCESS_WAYS_H_
