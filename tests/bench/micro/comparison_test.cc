#include "bench/micro/comparison.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/micro/sides.h"
#include "signer/base/status_macros.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::bench {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr dpop::Algorithm kAlgorithm = dpop::Algorithm::kEd25519;

// Keeps what the benchmarks of a run reported.
class KeepingReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& reported) override {
    runs.insert(runs.end(), reported.begin(), reported.end());
  }
  std::vector<Run> runs;
};

class ComparisonTest : public ::testing::Test {
 protected:
  // A side whose every item takes `microseconds`, whatever the clock says, and
  // that notes its turns in `turns_`.
  Side FakeSide(const std::string& name, size_t slice, double microseconds) {
    return {.name = name,
            .slice = slice,
            .run = [=, this](Results& results) -> absl::StatusOr<double> {
              turns_ += name[0];
              Side real = LibrarySide(name, Operation::kKeygen, kAlgorithm,
                                      *library_, *entropy_);
              PROOFMINT_RETURN_IF_ERROR(real.run(results).status());
              results.resize(results.size() - kLibrarySlice + slice);
              return microseconds * 1e-6 * static_cast<double>(slice);
            }};
  }

  // Runs Compare as a benchmark of `rounds` rounds and returns what Google
  // Benchmark reports of it.
  benchmark::BenchmarkReporter::Run Run(const std::vector<Side>& sides,
                                        int rounds,
                                        const std::string& corrupt = "") {
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark(
        "compared",
        [&](benchmark::State& state) {
          compared_ = Compare(state, kAlgorithm, sides, corrupt);
          if (!compared_.ok())
            state.SkipWithError(compared_.ToString().c_str());
        })
        ->UseManualTime()
        ->Iterations(rounds * static_cast<int>(sides[0].slice));
    KeepingReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    EXPECT_EQ(reporter.runs.size(), 1);
    return reporter.runs.at(0);
  }

  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
  std::unique_ptr<Library> library_ = NewBoringSslLibrary();
  std::string turns_;
  absl::Status compared_;
};

TEST_F(ComparisonTest, ReportsTheTimeOfAnItemAndHowTheOthersCompare) {
  auto run =
      Run({FakeSide("a", 8, 2), FakeSide("b", 4, 3), FakeSide("c", 4, 10)},
          /*rounds=*/5);
  ASSERT_THAT(compared_, IsOk());
  EXPECT_EQ(run.iterations, 40);
  EXPECT_THAT(run.real_accumulated_time, DoubleNear(40 * 2e-6, 1e-9));
  std::vector<std::pair<std::string, double>> counters;
  for (const auto& [name, counter] : run.counters) {
    counters.emplace_back(name, counter.value);
  }
  EXPECT_THAT(counters, ElementsAre(Pair("b_us", DoubleNear(3, 1e-6)),
                                    Pair("c_us", DoubleNear(10, 1e-6)),
                                    Pair("vs_b", DoubleNear(1.5, 1e-6)),
                                    Pair("vs_c", DoubleNear(5, 1e-6))));
}

TEST_F(ComparisonTest, TheSidesTakeTurnsAndEachIsFirstInTurn) {
  Run({FakeSide("a", 1, 1), FakeSide("b", 1, 1), FakeSide("c", 1, 1)},
      /*rounds=*/4);
  // The first round is not measured.
  EXPECT_EQ(turns_,
            "abc"
            "abc"
            "bca"
            "cab"
            "abc");
}

TEST_F(ComparisonTest, AWrongResultOfAnySideIsFound) {
  const std::vector<Side> sides = {FakeSide("a", 4, 1), FakeSide("b", 2, 1)};
  for (auto [name, error] : {std::pair("a", "a: 1 wrong of 8 results"),
                             std::pair("b", "b: 1 wrong of 4 results")}) {
    auto run = Run(sides, /*rounds=*/1, name);
    EXPECT_THAT(compared_, StatusIs(absl::StatusCode::kInternal, error));
    EXPECT_TRUE(run.error_occurred);
    EXPECT_THAT(run.error_message, HasSubstr(error));
  }
}

TEST_F(ComparisonTest, AnErrorOfASideEndsIt) {
  Side failing = {.name = "b", .slice = 1, .run = [](Results&) {
                    return absl::UnavailableError("no more");
                  }};
  Run({FakeSide("a", 4, 1), failing}, /*rounds=*/1);
  EXPECT_THAT(compared_, StatusIs(absl::StatusCode::kUnavailable, "no more"));
}

}  // namespace
}  // namespace proofmint::bench
