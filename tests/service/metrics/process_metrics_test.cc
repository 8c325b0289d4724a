// Tests the metrics of the process without a server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <sys/prctl.h>

#include <map>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "signer/service/metrics/metrics.h"
#include "tests/service/testing/accepted_connections.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::NoDescriptors;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;

std::map<std::string, double> Collect(const prometheus::Collectable& metrics) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : metrics.Collect()) {
    EXPECT_EQ(family.metric.size(), 1u);
    EXPECT_FALSE(family.help.empty());
    values[family.name] = family.type == prometheus::MetricType::Counter
                              ? family.metric[0].counter.value
                              : family.metric[0].gauge.value;
  }
  return values;
}

double StartTime() { return Collect(*NewProcessMetrics())[kProcessStartTime]; }

TEST(ProcessMetricsTest, AreThoseOfEveryPrometheusClient) {
  EXPECT_THAT(Collect(*NewProcessMetrics()),
              ElementsAre(Key(kProcessCpuSeconds), Key(kProcessOpenFds),
                          Key(kProcessResidentMemory), Key(kProcessStartTime)));
}

TEST(ProcessMetricsTest, TheProcessStartedWithinTheLastHour) {
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_LE(StartTime(), now + 1);
  EXPECT_GE(StartTime(), now - 3600);
}

TEST(ProcessMetricsTest, TheStartTimeOfOneObjectNeverMoves) {
  auto metrics = NewProcessMetrics();
  const double first = Collect(*metrics)[kProcessStartTime];
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Collect(*metrics)[kProcessStartTime], first);
  }
}

// /proc/self/stat has the program's name unquoted before the start time.
TEST(ProcessMetricsTest, AProgramNameMayHoldSpacesAndParentheses) {
  char name[16];
  ASSERT_EQ(prctl(PR_GET_NAME, name), 0);
  const double before = StartTime();
  ASSERT_EQ(prctl(PR_SET_NAME, "a) b (c) d"), 0);
  EXPECT_NEAR(StartTime(), before, 1);
  prctl(PR_SET_NAME, name);
}

TEST(ProcessMetricsTest, LeavesOutWhatItHasNoDescriptorToReadWith) {
  auto metrics = NewProcessMetrics();
  std::map<std::string, double> values;
  {
    NoDescriptors none;
    values = Collect(*metrics);
  }
  EXPECT_THAT(values, Contains(Key(kProcessCpuSeconds)));
  EXPECT_THAT(values, Contains(Key(kProcessStartTime)));
  EXPECT_THAT(values, Not(Contains(Key(kProcessOpenFds))));
  EXPECT_THAT(values, Not(Contains(Key(kProcessResidentMemory))));
  EXPECT_THAT(Collect(*metrics), Contains(Key(kProcessOpenFds)));
}

}  // namespace
}  // namespace proofmint::service
