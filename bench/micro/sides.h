// The sides of the comparisons: Proofmint's code, and a library.

#ifndef PROOFMINT_BENCH_MICRO_SIDES_H_
#define PROOFMINT_BENCH_MICRO_SIDES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/micro/comparison.h"
#include "bench/micro/library.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/algorithm.h"
#include "signer/keys/key_pool.h"

namespace proofmint::bench {

// A proof is all of it: key, header, claims, hash, nonce, signature, text,
// wiping.
enum class Operation { kKeygen, kSign, kProof };

// Slices in items. The first two take about the same time.
inline constexpr size_t kMinSlice = 64;      // Proofmint
inline constexpr size_t kLibrarySlice = 32;  // a library
// The pool refills when it is half empty; the takes that are timed end before.
inline constexpr size_t kTakesPerSlice =
    keys::KeyPoolOptions().capacity / 2 - 1;

// `entropy` and `library` must outlive the sides. Where nothing else is said,
// seconds are CPU time of the calling thread. What other processes and threads
// run meanwhile is not counted: it would fall on the slower side more often, in
// its longer slices, and flatter ours.

// BatchSide runs Proofmint's code, `batch` items at a time, in slices of a
// multiple of that.
Side BatchSide(Operation operation, dpop::Algorithm algorithm, size_t batch,
               crypto::Kernel kernel, crypto::Entropy& entropy);

// LibrarySide runs a library, one item at a time; Proofmint's code makes the
// text of the proofs.
Side LibrarySide(std::string name, Operation operation,
                 dpop::Algorithm algorithm, Library& library,
                 crypto::Entropy& entropy);

// UnarySide runs the handler of SignProof, one request at a time, without gRPC.
// Its keys come from a warm pool: they were made before. Fails if there is no
// memory for the pool.
absl::StatusOr<Side> UnarySide(dpop::Algorithm algorithm, crypto::Kernel kernel,
                               crypto::Entropy& entropy);

// TakeSide runs KeyPool::Take of one key from a warm pool. A take is timed
// alone, by the wall clock, one take after the other without work between them;
// the pool is filled again between slices. The seconds of a slice are its
// median take times the number of takes. Adds counters, in nanoseconds: p50_ns,
// p99_ns and p999_ns, and clock_ns, the median time between two readings of the
// clock with nothing between, which is part of every time. Fails if there is no
// memory for the pool.
absl::StatusOr<Side> TakeSide(dpop::Algorithm algorithm, crypto::Kernel kernel,
                              crypto::Entropy& entropy);

// Percentile returns the nearest-rank percentile of `samples`, which must not
// be empty: the smallest sample such that at least `percent` of 100 are not
// larger. `percent` lies in (0, 100].
double Percentile(std::vector<double> samples, double percent);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MICRO_SIDES_H_
