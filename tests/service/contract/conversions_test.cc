#include "signer/service/contract/conversions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace proofmint::service {
namespace {

using dpop::Algorithm;
using ::testing::Eq;
using ::testing::Optional;

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

}  // namespace
}  // namespace proofmint::service
