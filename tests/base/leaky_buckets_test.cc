#include "signer/base/leaky_buckets.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace proofmint::base {
namespace {

TEST(LeakyBucketTest, SinksAtItsRateAndNotBelowZero) {
  LeakyBucket bucket(/*rate=*/2);
  EXPECT_EQ(bucket.Level(absl::Seconds(100)), 0);
  bucket.Add(5, absl::Seconds(100));
  EXPECT_EQ(bucket.Level(absl::Seconds(100)), 5);
  EXPECT_EQ(bucket.Level(absl::Seconds(101)), 3);
  bucket.Add(1, absl::Seconds(101));
  EXPECT_EQ(bucket.Level(absl::Seconds(102)), 2);
  EXPECT_EQ(bucket.Level(absl::Hours(1)), 0);
  bucket.Add(1, absl::Hours(1));
  EXPECT_EQ(bucket.Level(absl::Hours(1)), 1);
}

TEST(LeakyBucketsTest, EachKeyHasALevelOfItsOwn) {
  LeakyBuckets buckets(/*rate=*/1);
  buckets.Add("a", 5, absl::Seconds(1));
  buckets.Add("b", 3, absl::Seconds(2));
  EXPECT_EQ(buckets.Level("a", absl::Seconds(3)), 3);
  EXPECT_EQ(buckets.Level("b", absl::Seconds(3)), 2);
  EXPECT_EQ(buckets.Level("c", absl::Seconds(3)), 0);
}

TEST(LeakyBucketsTest, ForgetsOnlyBucketsThatAreEmpty) {
  LeakyBuckets buckets(/*rate=*/1);
  buckets.Add("full", 100, absl::Seconds(1));
  for (int i = 0; i < 5000; ++i) {
    buckets.Add(absl::StrCat(i), 1, absl::Seconds(2 + i / 100));
    // Of the latest two seconds, some 200 are not empty.
    EXPECT_LE(buckets.size(), LeakyBuckets::kMaxIdleBuckets);
  }
  EXPECT_EQ(buckets.Level("full", absl::Seconds(52)), 49);
}

}  // namespace
}  // namespace proofmint::base
