#include "signer/base/status_macros.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::base {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;

absl::Status Pass(const absl::Status& status, int& calls) {
  ++calls;
  return status;
}

absl::Status Twice(const absl::Status& first, const absl::Status& second,
                   int& calls) {
  PROOFMINT_RETURN_IF_ERROR(Pass(first, calls));
  PROOFMINT_RETURN_IF_ERROR(Pass(second, calls));
  return absl::OkStatus();
}

absl::StatusOr<int> Sum(absl::StatusOr<std::unique_ptr<int>> a,
                        absl::StatusOr<std::unique_ptr<int>> b) {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<int> left, std::move(a));
  PROOFMINT_ASSIGN_OR_RETURN(auto right, std::move(b));
  return *left + *right;
}

TEST(ReturnIfErrorTest, GoesOnAfterOk) {
  int calls = 0;
  EXPECT_THAT(Twice(absl::OkStatus(), absl::OkStatus(), calls), IsOk());
  EXPECT_EQ(calls, 2);
}

TEST(ReturnIfErrorTest, ReturnsTheFirstError) {
  int calls = 0;
  EXPECT_THAT(Twice(absl::AbortedError("a"), absl::DataLossError("b"), calls),
              StatusIs(absl::StatusCode::kAborted, "a"));
  EXPECT_EQ(calls, 1);
}

TEST(AssignOrReturnTest, MovesTheValues) {
  absl::StatusOr<int> sum =
      Sum(std::make_unique<int>(2), std::make_unique<int>(3));
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 5);
}

TEST(AssignOrReturnTest, ReturnsTheError) {
  EXPECT_THAT(Sum(std::make_unique<int>(2), absl::DataLossError("b")),
              StatusIs(absl::StatusCode::kDataLoss, "b"));
}

}  // namespace
}  // namespace proofmint::base
