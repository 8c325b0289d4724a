#include "bench/load/histogram.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace proofmint::load {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::StartsWith;

constexpr double kResolution = 0.001;

Histogram Of(const std::vector<int64_t>& values) {
  Histogram histogram;
  for (int64_t value : values) histogram.Record(value);
  return histogram;
}

// Returns values whose logarithms are uniform from 1 us to 60 s.
std::vector<int64_t> RandomValues(int count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(3, std::log10(6e10));
  std::vector<int64_t> values;
  for (int i = 0; i < count; ++i) {
    values.push_back(static_cast<int64_t>(std::pow(10, exponent(random))));
  }
  return values;
}

TEST(HistogramTest, HoldsItsResolutionOverTheWholeRange) {
  for (double value = 1000; value < 6e10; value *= 1.0007) {
    const auto exact = static_cast<int64_t>(value);
    // A second, higher value, so that max() does not clip the result.
    Histogram histogram = Of({exact, Histogram::kHighest});
    const int64_t read = histogram.ValueAtPercentile(50);
    ASSERT_GE(read, exact);
    ASSERT_LE(static_cast<double>(read - exact), kResolution * value);
  }
}

TEST(HistogramTest, AgreesWithExactPercentiles) {
  std::vector<int64_t> values = RandomValues(100'000, /*seed=*/7);
  Histogram histogram = Of(values);
  std::sort(values.begin(), values.end());
  for (double percentile : {0.001, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<size_t>(
        std::ceil(percentile / 100 * static_cast<double>(values.size())));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_THAT(static_cast<double>(histogram.ValueAtPercentile(percentile)),
                AllOf(Ge(exact), Le(exact * (1 + kResolution))))
        << percentile;
  }
  EXPECT_EQ(histogram.ValueAtPercentile(100), values.back());
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(HistogramTest, KnowsTheExactMean) {
  Histogram histogram = Of({1'000'003, 2'000'000, 30'000'000'001});
  EXPECT_DOUBLE_EQ(histogram.Mean(),
                   (1'000'003 + 2'000'000 + 30'000'000'001.0) / 3);
}

TEST(HistogramTest, StandardDeviationIsThatOfTheValues) {
  EXPECT_NEAR(Of({1'000'000, 3'000'000}).StandardDeviation(), 1e6, 2e3);
  EXPECT_EQ(Of({5, 5, 5}).StandardDeviation(), 0);
}

TEST(HistogramTest, IsAllZeroWhenEmpty) {
  Histogram empty;
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.ValueAtPercentile(99), 0);
  EXPECT_EQ(empty.min(), 0);
  EXPECT_EQ(empty.max(), 0);
  EXPECT_EQ(empty.Mean(), 0);
  EXPECT_TRUE(empty.PercentileCurve().empty());
}

TEST(HistogramTest, SaturatesAboveSixtySecondsAndSaysSo) {
  Histogram histogram = Of({1'000, 60'000'000'000, 60'000'000'001, INT64_MAX});
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(histogram.saturated(), 2u);
  EXPECT_EQ(histogram.max(), Histogram::kHighest);
  EXPECT_EQ(histogram.ValueAtPercentile(100), Histogram::kHighest);
}

TEST(HistogramTest, TakesTimesBelowZeroAsZero) {
  EXPECT_EQ(Of({-5}).max(), 0);
  EXPECT_EQ(Of({-5}).ValueAtPercentile(50), 0);
}

TEST(HistogramTest, MergingIsRecordingAll) {
  std::vector<int64_t> first = RandomValues(1000, 1);
  std::vector<int64_t> second = RandomValues(2000, 2);
  second.push_back(Histogram::kHighest + 1);
  Histogram merged = Of(first);
  merged.Merge(Of(second));
  first.insert(first.end(), second.begin(), second.end());
  Histogram whole = Of(first);
  EXPECT_EQ(merged.count(), whole.count());
  EXPECT_EQ(merged.saturated(), 1u);
  EXPECT_EQ(merged.min(), whole.min());
  EXPECT_EQ(merged.max(), whole.max());
  EXPECT_NEAR(merged.Mean(), whole.Mean(), whole.Mean() * 1e-12);
  for (double percentile = 0; percentile <= 100; percentile += 0.5) {
    ASSERT_EQ(merged.ValueAtPercentile(percentile),
              whole.ValueAtPercentile(percentile));
  }
}

TEST(HistogramTest, ClearForgetsAll) {
  Histogram histogram = Of({1, Histogram::kHighest + 1});
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.saturated(), 0u);
  histogram.Record(77);
  EXPECT_EQ(histogram.min(), 77);
  EXPECT_EQ(histogram.ValueAtPercentile(100), 77);
}

TEST(HistogramTest, TheCurveHalvesTheDistanceToAHundred) {
  std::vector<int64_t> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i);
  std::vector<double> levels;
  for (const auto& point : Of(values).PercentileCurve()) {
    levels.push_back(point.percentile);
    EXPECT_EQ(static_cast<double>(point.value),
              std::max(1.0, std::ceil(point.percentile * 10)));
    EXPECT_EQ(point.count, static_cast<uint64_t>(point.value));
  }
  const std::vector<double> first = {0,  10, 20, 30, 40,   50, 55,
                                     60, 65, 70, 75, 77.5, 80};
  ASSERT_GT(levels.size(), first.size());
  EXPECT_TRUE(std::equal(first.begin(), first.end(), levels.begin()));
  EXPECT_TRUE(std::is_sorted(levels.begin(), levels.end()));
  EXPECT_EQ(levels.back(), 100);
}

TEST(HistogramTest, WritesHgrmAsHdrHistogramDoes) {
  std::vector<int64_t> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i * 1000);
  std::vector<std::string> lines = absl::StrSplit(Of(values).ToHgrm(), '\n');
  EXPECT_EQ(lines[0],
            "       Value     Percentile TotalCount 1/(1-Percentile)");
  EXPECT_EQ(lines[1], "");
  EXPECT_EQ(lines[2], "       1.000 0.000000000000          1           1.00");
  double last_value = 0;
  double last_percentile = 0;
  size_t i = 2;
  for (; !absl::StartsWith(lines[i], "#"); ++i) {
    std::vector<std::string> words =
        absl::StrSplit(lines[i], ' ', absl::SkipEmpty());
    double value;
    double percentile;
    ASSERT_TRUE(absl::SimpleAtod(words[0], &value));
    ASSERT_TRUE(absl::SimpleAtod(words[1], &percentile));
    EXPECT_GE(value, last_value);
    EXPECT_GE(percentile, last_percentile);
    EXPECT_EQ(words.size(), percentile == 1 ? 3u : 4u) << lines[i];
    last_value = value;
    last_percentile = percentile;
  }
  EXPECT_EQ(last_value, 1000);
  EXPECT_EQ(last_percentile, 1);
  EXPECT_THAT(lines[i],
              StartsWith("#[Mean    =      500.500, StdDeviation   ="));
  EXPECT_EQ(lines[i + 1],
            "#[Max     =     1000.000, Total count    =         1000]");
  EXPECT_THAT(lines[i + 2], HasSubstr("SubBuckets     =         2048]"));
}

}  // namespace
}  // namespace proofmint::load
