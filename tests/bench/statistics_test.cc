#include "bench/statistics.h"

#include <gmock/gmock.h>

#include <vector>

namespace proofmint::bench {
namespace {

std::vector<double> OneTo(int last) {
  std::vector<double> samples;
  for (int i = last; i > 0; --i) samples.push_back(i);
  return samples;
}

TEST(MedianTest, OfAnOddNumberIsTheMiddle) {
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({7}), 7);
}

TEST(MedianTest, OfAnEvenNumberLiesBetweenTheMiddleTwo) {
  EXPECT_EQ(Median({10, 1, 2, 4}), 3);
  EXPECT_EQ(Median({1, 2}), 1.5);
}

TEST(MedianTest, IgnoresOneOutlier) { EXPECT_EQ(Median({2, 1e9, 2, 3, 1}), 2); }

TEST(PercentileTest, IsTheNearestRank) {
  EXPECT_EQ(Percentile(OneTo(100), 50), 50);
  EXPECT_EQ(Percentile(OneTo(100), 99), 99);
  EXPECT_EQ(Percentile(OneTo(100), 99.9), 100);
  EXPECT_EQ(Percentile(OneTo(1000), 99.9), 999);
  EXPECT_EQ(Percentile(OneTo(41000), 99.9), 40959);
}

TEST(PercentileTest, ReachesBothEnds) {
  EXPECT_EQ(Percentile(OneTo(10), 100), 10);
  EXPECT_EQ(Percentile(OneTo(10), 0.01), 1);
  EXPECT_EQ(Percentile({3}, 99.9), 3);
}

}  // namespace
}  // namespace proofmint::bench
