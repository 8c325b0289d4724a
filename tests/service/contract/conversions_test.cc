#include "signer/service/contract/conversions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace proofmint::service {
namespace {

using dpop::Algorithm;
using ::testing::Eq;
using ::testing::Optional;

google::protobuf::Duration DurationOf(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(ConversionsTest, MapsEachAlgorithmToItsValueAndBack) {
  EXPECT_EQ(ToProto(Algorithm::kEs256), v1::ALGORITHM_ES256);
  EXPECT_EQ(ToProto(Algorithm::kEd25519), v1::ALGORITHM_ED25519);
  EXPECT_EQ(ToProto(Algorithm::kEdDsa), v1::ALGORITHM_EDDSA);
  for (Algorithm algorithm : dpop::kAlgorithms) {
    EXPECT_THAT(ToAlgorithm(ToProto(algorithm)), Optional(algorithm));
  }
}

TEST(ConversionsTest, UnspecifiedIsEs256AndAnUnknownValueNothing) {
  EXPECT_THAT(ToAlgorithm(v1::ALGORITHM_UNSPECIFIED),
              Optional(Algorithm::kEs256));
  EXPECT_THAT(ToAlgorithm(static_cast<v1::Algorithm>(99)), Eq(std::nullopt));
  EXPECT_THAT(ToAlgorithm(static_cast<v1::Algorithm>(-1)), Eq(std::nullopt));
}

TEST(ConversionsTest, MapsDurationsAndBack) {
  for (absl::Duration duration :
       {absl::ZeroDuration(), absl::Seconds(300), absl::Seconds(-300),
        absl::Milliseconds(1500), absl::Milliseconds(-1500),
        absl::Nanoseconds(-1)}) {
    EXPECT_THAT(ToDuration(ToProto(duration)), Optional(duration));
  }
  EXPECT_EQ(ToProto(absl::Milliseconds(-1500)).seconds(), -1);
  EXPECT_EQ(ToProto(absl::Milliseconds(-1500)).nanos(), -500'000'000);
}

TEST(ConversionsTest, RefusesDurationsThatBreakTheRules) {
  for (const auto& duration :
       {DurationOf(0, 1'000'000'000), DurationOf(0, -1'000'000'000),
        DurationOf(1, -1), DurationOf(-1, 1)}) {
    EXPECT_THAT(ToDuration(duration), Eq(std::nullopt))
        << duration.ShortDebugString();
  }
}

}  // namespace
}  // namespace proofmint::service
