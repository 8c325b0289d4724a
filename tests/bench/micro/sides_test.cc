#include "bench/micro/sides.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace proofmint::bench {
namespace {

std::vector<double> OneTo(int last) {
  std::vector<double> samples;
  for (int i = last; i > 0; --i) samples.push_back(i);
  return samples;
}

using ::proofmint::testing::IsOk;

constexpr crypto::Kernel kKernel = crypto::Kernel::kBoringSsl;

class SidesTest : public ::testing::TestWithParam<std::string> {
 protected:
  dpop::Algorithm algorithm() const {
    return *dpop::AlgorithmFromName(GetParam());
  }

  // Runs one slice and verifies all that it made.
  void ExpectRightSlice(const absl::StatusOr<Side>& side) {
    ASSERT_THAT(side.status(), IsOk());
    Results results;
    absl::StatusOr<double> seconds = side->run(results);
    ASSERT_THAT(seconds.status(), IsOk());
    EXPECT_GT(*seconds, 0);
    EXPECT_EQ(results.size(), side->slice);
    EXPECT_THAT(ResultVerifier(algorithm()).Verify(results), IsOk());
  }

  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
};

TEST_P(SidesTest, EverySideDoesItsSliceRight) {
  std::unique_ptr<Library> boringssl = NewBoringSslLibrary();
  std::unique_ptr<Library> openssl = NewOpenSslLibrary();
  for (Operation operation :
       {Operation::kKeygen, Operation::kSign, Operation::kProof}) {
    for (size_t batch : {1, 4, 256}) {
      ExpectRightSlice(
          BatchSide(operation, algorithm(), batch, kKernel, *entropy_));
    }
    for (Library* library : {boringssl.get(), openssl.get()}) {
      ExpectRightSlice(LibrarySide("a library", operation, algorithm(),
                                   *library, *entropy_));
    }
  }
  ExpectRightSlice(UnarySide(algorithm(), kKernel, *entropy_));
  ExpectRightSlice(TakeSide(algorithm(), kKernel, *entropy_));
}

TEST_P(SidesTest, TakesReportTheirPercentiles) {
  absl::StatusOr<Side> side = TakeSide(algorithm(), kKernel, *entropy_);
  ASSERT_THAT(side.status(), IsOk());
  Results results;
  benchmark::UserCounters counters;
  ASSERT_THAT(side->run(results).status(), IsOk());
  side->add_counters(counters);
  EXPECT_GT(counters["clock_ns"], 0);
  EXPECT_GT(counters["p50_ns"], 0);
  EXPECT_LE(counters["p50_ns"], counters["p99_ns"]);
  EXPECT_LE(counters["p99_ns"], counters["p999_ns"]);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, SidesTest,
                         ::testing::Values("ES256", "Ed25519"),
                         [](const auto& test) { return test.param; });

TEST(PercentileTest, IsTheNearestRank) {
  EXPECT_EQ(Percentile(OneTo(100), 50), 50);
  EXPECT_EQ(Percentile(OneTo(100), 99), 99);
  EXPECT_EQ(Percentile(OneTo(100), 99.9), 100);
  EXPECT_EQ(Percentile(OneTo(1000), 99.9), 999);
  EXPECT_EQ(Percentile(OneTo(41000), 99.9), 40959);
}

TEST(PercentileTest, OfAnOddNumberIsTheMiddleWhateverTheOutliers) {
  EXPECT_EQ(Percentile({9, 1, 5}, 50), 5);
  EXPECT_EQ(Percentile({7}, 50), 7);
  EXPECT_EQ(Percentile({2, 1e9, 2, 3, 1}, 50), 2);
}

TEST(PercentileTest, ReachesBothEnds) {
  EXPECT_EQ(Percentile(OneTo(10), 100), 10);
  EXPECT_EQ(Percentile(OneTo(10), 0.01), 1);
  EXPECT_EQ(Percentile({3}, 99.9), 3);
}

}  // namespace
}  // namespace proofmint::bench
