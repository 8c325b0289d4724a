// Counts the calls of one thread.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_CALL_STATS_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_CALL_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {

// Method names the methods of ProofSigner.
enum class Method { kSignProof, kBatchSignProofs, kGetCapabilities };
inline constexpr std::array<const char*, 3> kMethodNames = {
    "SignProof", "BatchSignProofs", "GetCapabilities"};

// Counter is a count that one thread adds to and any thread reads, without a
// lock and without an atomic addition.
class Counter {
 public:
  void Add(uint64_t more) {
    value_.store(value() + more, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// TimeHistogram counts durations by size. One thread adds, any reads.
class TimeHistogram {
 public:
  // The upper bounds of all buckets but the last, in microseconds.
  static constexpr std::array<int64_t, 19> kBounds = {
      10,      20,        50,        100,       200,       500,     1'000,
      2'000,   5'000,     10'000,    20'000,    50'000,    100'000, 200'000,
      500'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000};
  static constexpr size_t kBuckets = kBounds.size() + 1;

  void Add(absl::Duration duration);

  uint64_t count(size_t bucket) const { return counts_[bucket].value(); }
  uint64_t sum_nanoseconds() const { return sum_nanoseconds_.value(); }

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_nanoseconds_;
};

// CallStats holds the counts of one call thread, which alone changes them; any
// thread may read.
struct CallStats {
  static constexpr size_t kCodes = 17;  // of gRPC

  void CountCall(Method method, absl::StatusCode code) {
    calls[static_cast<size_t>(method)][static_cast<size_t>(code)].Add(1);
  }

  // Counts `error` by its reason if it is an error of errors.h; ignores others.
  void CountError(const absl::Status& error);

  std::array<std::array<Counter, kCodes>, kMethodNames.size()> calls;
  std::array<Counter, kReasons.size()> errors;  // in the order of kReasons
  Counter proofs;
  TimeHistogram queue;      // from a call's arrival until a run begins
  TimeHistogram execution;  // of one run of the minter
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_CALL_STATS_H_
