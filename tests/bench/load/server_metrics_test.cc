#include "bench/load/server_metrics.h"

#include <gmock/gmock.h>

#include "tests/testing/status_matchers.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kMetrics[] =
    "# HELP process_cpu_seconds_total CPU time\n"
    "# TYPE process_cpu_seconds_total counter\n"
    "process_cpu_seconds_total_of_others 99\n"
    "process_cpu_seconds_total 12.345\n"
    "rpc_total{code=\"OK\"} 5\n"
    "process_resident_memory_bytes{pod=\"a b\"} 3.5e+07 1700000000000\n";

TEST(ParseMetricsTest, FindsBothValues) {
  absl::StatusOr<ServerSample> sample = ParseMetrics(kMetrics);
  ASSERT_THAT(sample, IsOk());
  EXPECT_EQ(sample->cpu_seconds, 12.345);
  EXPECT_EQ(sample->resident_bytes, 3.5e7);
}

TEST(ParseMetricsTest, NamesWhatIsMissing) {
  EXPECT_THAT(ParseMetrics(""), StatusIs(absl::StatusCode::kNotFound,
                                         HasSubstr("process_cpu_seconds")));
  EXPECT_THAT(ParseMetrics("process_cpu_seconds_total 1\n"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("process_resident_memory_bytes")));
}

TEST(ParseMetricsTest, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"process_cpu_seconds_total x\n", "process_cpu_seconds_total \n",
        "process_cpu_seconds_total{ 1\n"}) {
    EXPECT_FALSE(ParseMetrics(text).ok()) << text;
  }
}

TEST(MetricsReaderTest, NamesTheUrlThatDoesNotAnswer) {
  MetricsReader reader("http://127.0.0.1:1/metrics");
  EXPECT_THAT(reader.Read(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("--metrics: got \"http://127.0.0.1:1/")));
  MetricsReader file("file:///proc/self/status");
  EXPECT_THAT(file.Read(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("file:///")));
}

}  // namespace
}  // namespace proofmint::load
