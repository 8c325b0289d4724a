#include "signer/client/signer_client_stats.h"

#include <gtest/gtest.h>

#include <map>

namespace proofmint {
namespace {

TEST(PowerOfTwoHistogramTest, CountsAValueInTheFirstBucketThatHoldsIt) {
  PowerOfTwoHistogram<4> histogram;  // up to 1, 2, 4, 8 and more
  std::map<uint64_t, size_t> bucket_of = {{0, 0}, {1, 0}, {2, 1},
                                          {3, 2}, {4, 2}, {5, 3},
                                          {8, 3}, {9, 3}, {UINT64_MAX / 2, 3}};
  uint64_t sum = 0;
  for (auto [value, bucket] : bucket_of) {
    const uint64_t before = histogram[bucket];
    histogram.Add(value);
    sum += value;
    EXPECT_EQ(histogram[bucket], before + 1) << value;
  }
  EXPECT_EQ(histogram.sum(), sum);
  EXPECT_EQ(histogram[0] + histogram[1] + histogram[2] + histogram[3],
            bucket_of.size());
}

}  // namespace
}  // namespace proofmint
