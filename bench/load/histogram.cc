#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_format.h"

namespace proofmint::load {
namespace {

constexpr int kTicksPerHalfDistance = 5;
constexpr double kNanosecondsPerMicrosecond = 1000;

}  // namespace

constexpr size_t Histogram::IndexOf(int64_t value) {
  const int bits =
      static_cast<int>(std::bit_width(static_cast<uint64_t>(value)));
  const int shift = std::max(0, bits - (kStepBits + 1));
  return shift * kSteps + static_cast<size_t>(value >> shift);
}

constexpr int64_t Histogram::HighestValueOf(size_t index) {
  if (index < 2 * kSteps) return static_cast<int64_t>(index);
  int shift = static_cast<int>(index / kSteps) - 1;
  int64_t step = static_cast<int64_t>(index - shift * kSteps);
  return ((step + 1) << shift) - 1;
}

const size_t Histogram::kBuckets = IndexOf(kHighest) + 1;

void Histogram::Record(int64_t nanoseconds) {
  if (nanoseconds > kHighest) ++saturated_;
  int64_t value = std::clamp<int64_t>(nanoseconds, 0, kHighest);
  ++counts_[IndexOf(value)];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  saturated_ += other.saturated_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

void Histogram::Clear() {
  if (count_ != 0) *this = Histogram();
}

double Histogram::Mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double Histogram::StandardDeviation() const {
  if (count_ == 0) return 0;
  const double mean = Mean();
  double squares = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    double distance = static_cast<double>(HighestValueOf(i)) - mean;
    squares += distance * distance * static_cast<double>(counts_[i]);
  }
  return std::sqrt(squares / static_cast<double>(count_));
}

int64_t Histogram::ValueAtPercentile(double percentile) const {
  const double share = std::clamp(percentile, 0.0, 100.0) / 100;
  const uint64_t rank = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(HighestValueOf(i), max_);
  }
  return 0;
}

std::vector<Histogram::PercentilePoint> Histogram::PercentileCurve() const {
  std::vector<PercentilePoint> curve;
  if (count_ == 0) return curve;
  double level = 0;
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets && seen < count_; ++i) {
    if (counts_[i] == 0) continue;
    seen += counts_[i];
    const double reached =
        100 * static_cast<double>(seen) / static_cast<double>(count_);
    while (reached >= level) {
      curve.push_back({level, std::min(HighestValueOf(i), max_), seen});
      if (seen == count_) break;
      double halvings = std::floor(std::log2(100 / (100 - level))) + 1;
      level += 100 / (kTicksPerHalfDistance * std::exp2(halvings));
    }
  }
  curve.push_back({100, max_, count_});
  return curve;
}

std::string Histogram::ToHgrm() const {
  std::string text =
      absl::StrFormat("%12s %14s %10s %14s\n\n", "Value", "Percentile",
                      "TotalCount", "1/(1-Percentile)");
  for (const PercentilePoint& point : PercentileCurve()) {
    absl::StrAppendFormat(
        &text, "%12.3f %14.12f %10u",
        static_cast<double>(point.value) / kNanosecondsPerMicrosecond,
        point.percentile / 100, point.count);
    // HdrHistogram omits the last value, which would be infinite.
    if (point.percentile < 100) {
      absl::StrAppendFormat(&text, " %14.2f", 100 / (100 - point.percentile));
    }
    text += '\n';
  }
  absl::StrAppendFormat(&text,
                        "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
                        "#[Max     = %12.3f, Total count    = %12u]\n"
                        "#[Buckets = %12u, SubBuckets     = %12u]\n",
                        Mean() / kNanosecondsPerMicrosecond,
                        StandardDeviation() / kNanosecondsPerMicrosecond,
                        static_cast<double>(max_) / kNanosecondsPerMicrosecond,
                        count_, kBuckets / kSteps, 2 * kSteps);
  return text;
}

}  // namespace proofmint::load
