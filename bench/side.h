// One side of a comparison: an operation done by our batch kernels or by a
// library one at a time.

#ifndef PROOFMINT_BENCH_SIDE_H_
#define PROOFMINT_BENCH_SIDE_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/library.h"
#include "bench/results.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::bench {

// A proof is all of it: key, header, claims, hash, nonce, signature, text,
// wiping. Unary is what the service does for a call of SignProof, gRPC apart,
// with its key from a warm pool; a library just signs.
enum class Operation { kKeygen, kSign, kProof, kUnary };

// The size of a signing input of Ed25519, for Operation::kSign.
inline constexpr size_t kMessageSize = 384;  // bytes

// Side does its operation a slice at a time, so that the sides of a comparison
// can take turns. Everything is fresh in each slice: keys, messages and claims.
class Side {
 public:
  virtual ~Side() = default;

  // Gets ready what Run needs. Not timed.
  virtual absl::Status Prepare() = 0;
  // Does one slice. Timed.
  virtual absl::Status Run() = 0;
  // Hands over what Run made, for verification, and frees it. Not timed.
  virtual absl::Status Collect(Results& results) = 0;
};

// What is done, how often in a slice.
struct Work {
  Operation operation;
  dpop::Algorithm algorithm;
  size_t slice;  // items
};

// NewBatchSide: our code, `batch` items at a time; the slice is a multiple of
// that. `entropy` must outlive the side.
std::unique_ptr<Side> NewBatchSide(const Work& work, size_t batch,
                                   crypto::Kernel kernel,
                                   crypto::Entropy& entropy);

// NewUnarySide: the service, one request at a time. `entropy` must outlive the
// side. Fails if there is no memory for the pool.
absl::StatusOr<std::unique_ptr<Side>> NewUnarySide(const Work& work,
                                                   crypto::Kernel kernel,
                                                   crypto::Entropy& entropy);

// NewLibrarySide: a library, one at a time; the text of proofs by our code.
// Both references must outlive the side.
std::unique_ptr<Side> NewLibrarySide(const Work& work, Library& library,
                                     crypto::Entropy& entropy);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_SIDE_H_
