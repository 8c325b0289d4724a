#include "signer/service/contract/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace proofmint::service {
namespace {

using ::testing::Eq;
using ::testing::Optional;

google::protobuf::Duration DurationOf(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(DurationTest, MapsDurationsAndBack) {
  for (absl::Duration duration :
       {absl::ZeroDuration(), absl::Seconds(300), absl::Seconds(-300),
        absl::Milliseconds(1500), absl::Milliseconds(-1500),
        absl::Nanoseconds(-1)}) {
    EXPECT_THAT(ToDuration(ToProto(duration)), Optional(duration));
  }
  EXPECT_EQ(ToProto(absl::Milliseconds(-1500)).seconds(), -1);
  EXPECT_EQ(ToProto(absl::Milliseconds(-1500)).nanos(), -500'000'000);
}

TEST(DurationTest, RefusesDurationsThatBreakTheRules) {
  for (const auto& duration :
       {DurationOf(0, 1'000'000'000), DurationOf(0, -1'000'000'000),
        DurationOf(1, -1), DurationOf(-1, 1)}) {
    EXPECT_THAT(ToDuration(duration), Eq(std::nullopt))
        << duration.ShortDebugString();
  }
}

}  // namespace
}  // namespace proofmint::service
