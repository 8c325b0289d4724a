// Measures rates: how much was done lately, in all or by each of many parties.

#ifndef PROOFMINT_SIGNER_BASE_LEAKY_BUCKETS_H_
#define PROOFMINT_SIGNER_BASE_LEAKY_BUCKETS_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace proofmint::base {

// LeakyBucket has a level that sinks at a constant rate and rises by what is
// added. The level that it may reach is the burst that its owner permits.
//
// Not thread-safe. All times are of one clock that never goes back, such as
// MonotonicNow.
class LeakyBucket {
 public:
  // The level sinks by `rate` per second.
  explicit LeakyBucket(double rate) : rate_(rate) {}

  double Level(absl::Duration now) const {
    return std::max(level_ - rate_ * absl::ToDoubleSeconds(now - time_), 0.0);
  }

  void Add(double amount, absl::Duration now) {
    level_ = Level(now) + amount;
    time_ = now;
  }

 private:
  double rate_;
  double level_ = 0;
  absl::Duration time_;  // at which it had that level
};

// LeakyBuckets holds a bucket for each key. A key without one has the level 0.
//
// A key takes memory until its bucket is empty; empty ones are removed when
// their number has grown to kMaxIdleBuckets or has doubled. Not thread-safe.
class LeakyBuckets {
 public:
  static constexpr size_t kMaxIdleBuckets = 1024;

  // Every level sinks by `rate` per second.
  explicit LeakyBuckets(double rate) : rate_(rate) {}

  double Level(absl::string_view key, absl::Duration now) const {
    auto found = buckets_.find(key);
    return found == buckets_.end() ? 0 : found->second.Level(now);
  }

  void Add(absl::string_view key, double amount, absl::Duration now) {
    if (buckets_.size() >= forget_at_) {
      absl::erase_if(buckets_, [&](const auto& entry) {
        return entry.second.Level(now) == 0;
      });
      // A scan of all buckets is worth its cost only when it can remove many.
      forget_at_ = std::max(kMaxIdleBuckets, 2 * buckets_.size());
    }
    buckets_.try_emplace(key, rate_).first->second.Add(amount, now);
  }

  // Returns the number of buckets in memory.
  size_t size() const { return buckets_.size(); }

 private:
  const double rate_;
  absl::flat_hash_map<std::string, LeakyBucket> buckets_;
  size_t forget_at_ = kMaxIdleBuckets;
};

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_LEAKY_BUCKETS_H_
