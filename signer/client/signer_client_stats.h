// Counts what a SignerClient has done, for the broker's own metrics.

#ifndef PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_STATS_H_
#define PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace proofmint {

// PowerOfTwoHistogram counts values by their size: bucket i counts those that
// are at most 2^i and greater than 2^(i - 1); the last one also all that are
// greater. Not thread-safe.
template <size_t kBuckets>
class PowerOfTwoHistogram {
 public:
  void Add(uint64_t value) {
    ++counts_[BucketOf(value)];
    sum_ += value;
  }

  static constexpr size_t size() { return kBuckets; }
  // The upper bound of `bucket`, inclusive.
  static constexpr uint64_t Bound(size_t bucket) {
    return uint64_t{1} << bucket;
  }
  uint64_t operator[](size_t bucket) const { return counts_[bucket]; }
  // The sum of all values.
  uint64_t sum() const { return sum_; }

 private:
  static constexpr size_t BucketOf(uint64_t value) {
    size_t bucket = 0;
    while (bucket + 1 < kBuckets && Bound(bucket) < value) ++bucket;
    return bucket;
  }

  std::array<uint64_t, kBuckets> counts_ = {};
  uint64_t sum_ = 0;
};

// SignerClientStats are counts since the client was made, and two current
// values. A call of SignProof that ended is counted either in `proofs` or in
// `failures`.
struct SignerClientStats {
  uint64_t calls = 0;   // of SignProof
  uint64_t proofs = 0;  // calls that ended with a proof
  // Calls that ended without, by the reason of the error, such as
  // "INVALID_HTU", or by its code, such as "DEADLINE_EXCEEDED", if it has none.
  std::map<std::string, uint64_t> failures;

  uint64_t batches = 0;  // RPCs of BatchSignProofs
  // Requests in a batch: 1, 2, 4… 256. The sum counts a call once for each time
  // that it was sent.
  PowerOfTwoHistogram<9> batch_sizes;

  uint64_t retries = 0;  // times that a call was to be sent again
  // Failures of an RPC or of a request in it, that were transient but not
  // retried because the RetryBudget was used up.
  uint64_t budget_refusals = 0;

  // From SignProof until the callback, in microseconds, of all calls that ended
  // after they had been queued; up to 67 s.
  PowerOfTwoHistogram<27> latency_us;

  size_t queued = 0;             // calls that wait to be sent, now
  size_t batches_in_flight = 0;  // now
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_STATS_H_
