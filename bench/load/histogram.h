// Counts latencies in a histogram as HdrHistogram does: the width of its
// buckets grows with the value, so that the relative resolution stays the same.

#ifndef PROOFMINT_BENCH_LOAD_HISTOGRAM_H_
#define PROOFMINT_BENCH_LOAD_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace proofmint::load {

// Histogram counts values of nanoseconds from 0 to kHighest. A value is known
// to within 1/1024 of itself (0.098 %), and exactly below 2048 ns; minimum,
// maximum and mean are exact. A value above kHighest counts as kHighest, and
// saturated() counts these; a negative value counts as 0. Takes 220 kB. Not
// thread-safe.
class Histogram {
 public:
  static constexpr int64_t kHighest = 60'000'000'000;  // 60 s

  // PercentilePoint says that `percentile` % of the values, or a little more,
  // namely the lowest `count` values, are at most `value` nanoseconds.
  struct PercentilePoint {
    double percentile;
    int64_t value;
    uint64_t count;
  };

  Histogram() : counts_(kBuckets) {}

  void Record(int64_t nanoseconds);
  void Merge(const Histogram& other);
  void Clear();

  uint64_t count() const { return count_; }
  uint64_t saturated() const { return saturated_; }

  // Return 0 without values.
  int64_t min() const { return count_ == 0 ? 0 : min_; }
  int64_t max() const { return max_; }
  double Mean() const;
  double StandardDeviation() const;

  // Returns the value of the nearest rank: at least `percentile` % of the
  // values are at most that large. Errs upwards, by less than the resolution,
  // and never beyond max(). 0 without values.
  int64_t ValueAtPercentile(double percentile) const;

  // Returns percentiles from 0 to 100, closer together the nearer to 100: five
  // steps between each of 0, 50, 75, 87.5, ... until a step reaches the highest
  // value. Empty without values.
  std::vector<PercentilePoint> PercentileCurve() const;

  // Returns the percentile distribution in the format of HdrHistogram's tools
  // (.hgrm), with values in microseconds.
  std::string ToHgrm() const;

 private:
  // Values below 2 * kSteps are their own index; each further doubling of the
  // value has kSteps buckets.
  static constexpr int kStepBits = 10;
  static constexpr size_t kSteps = size_t{1} << kStepBits;
  static constexpr size_t IndexOf(int64_t value);
  static constexpr int64_t HighestValueOf(size_t index);
  static const size_t kBuckets;

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t saturated_ = 0;
  int64_t min_ = kHighest;
  int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_HISTOGRAM_H_
