#include "signer/client/retry_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "signer/service/contract/errors.h"

namespace proofmint {
namespace {

TEST(IsTransientTest, TrueForWhatAnotherAttemptMayMend) {
  for (const absl::Status& status : {
           absl::UnavailableError("connection refused"),
           absl::CancelledError("connection lost"),
           service::OverloadedError(1),
           service::DrainingError(absl::Milliseconds(500)),
           service::NotReadyError(),
           service::KeyGenerationFailedError(absl::UnavailableError("")),
           service::CallerQuotaExceededError("uid:1", absl::Milliseconds(7)),
       }) {
    EXPECT_TRUE(IsTransient(status)) << status;
  }
}

TEST(IsTransientTest, FalseForWhatStaysWrong) {
  for (const absl::Status& status : {
           absl::OkStatus(),
           absl::ResourceExhaustedError("message too large"),
           absl::DeadlineExceededError(""),
           service::DeadlineTooShortError(),
           service::InvalidKeyHandleError("key_handle"),
           service::CallerNotAllowedError("uid:1"),
           service::CryptoSelfTestFailedError(),
       }) {
    EXPECT_FALSE(IsTransient(status)) << status;
  }
}

constexpr RetryOptions kOptions = {.initial_backoff = absl::Milliseconds(50),
                                   .max_backoff = absl::Milliseconds(500),
                                   .multiplier = 2};

// Returns the greatest of many backoffs, which is nearly their limit.
absl::Duration GreatestBackoff(int retry) {
  std::mt19937_64 random(1);
  absl::Duration greatest;
  for (int i = 0; i < 10'000; ++i) {
    greatest =
        std::max(greatest, Backoff(kOptions, retry, std::nullopt, random));
  }
  return greatest;
}

TEST(BackoffTest, IsRandomFromZeroToALimitThatGrows) {
  std::mt19937_64 random(1);
  absl::Duration least = absl::InfiniteDuration();
  for (int i = 0; i < 10'000; ++i) {
    least = std::min(least, Backoff(kOptions, 1, std::nullopt, random));
  }
  EXPECT_GE(least, absl::ZeroDuration());
  EXPECT_LT(least, absl::Milliseconds(1));
  for (auto [retry, limit] :
       {std::pair(1, 50), {2, 100}, {3, 200}, {4, 400}, {5, 500}, {6, 500}}) {
    EXPECT_LE(GreatestBackoff(retry), absl::Milliseconds(limit)) << retry;
    EXPECT_GT(GreatestBackoff(retry), absl::Milliseconds(limit) * 0.99)
        << retry;
  }
}

TEST(BackoffTest, HasItsLimitAfterAnyNumberOfRetries) {
  std::mt19937_64 random(1);
  EXPECT_LE(
      Backoff(kOptions, std::numeric_limits<int>::max(), std::nullopt, random),
      kOptions.max_backoff);
}

TEST(BackoffTest, IsNeverSoonerThanTheSignerAsks) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const absl::Duration backoff =
        Backoff(kOptions, 1, absl::Milliseconds(300), random);
    ASSERT_GE(backoff, absl::Milliseconds(300));
    ASSERT_LE(backoff, absl::Milliseconds(350));
  }
}

TEST(BackoffTest, IgnoresANegativeRetryInfo) {
  std::mt19937_64 random(1);
  EXPECT_GE(Backoff(kOptions, 1, -absl::Seconds(1), random),
            absl::ZeroDuration());
}

// Returns how many transient failures in a row may be retried.
int RetriesUntilRefused(RetryBudget& budget) {
  int retries = 0;
  while (budget.TryRetry()) ++retries;
  return retries;
}

TEST(RetryBudgetTest, EndsWhenHalfOfTheTokensAreGone) {
  RetryBudget budget;
  EXPECT_EQ(RetriesUntilRefused(budget), 499);
}

TEST(RetryBudgetTest, ComesBackWithSuccesses) {
  RetryBudget budget;
  RetriesUntilRefused(budget);  // 500 left
  budget.RecordSuccess();
  EXPECT_FALSE(budget.TryRetry());  // takes that of the success
  for (int i = 0; i < 10; ++i) budget.RecordSuccess();
  EXPECT_EQ(RetriesUntilRefused(budget), 9);
}

TEST(RetryBudgetTest, SavesNoMoreThanItHadAtFirst) {
  RetryBudget budget;
  for (int i = 0; i < 5000; ++i) budget.RecordSuccess();
  EXPECT_EQ(RetriesUntilRefused(budget), 499);
}

TEST(RetryBudgetTest, GoesIntoNoDebt) {
  RetryBudget budget;
  for (int i = 0; i < 5000; ++i) budget.TryRetry();
  for (int i = 0; i < 502; ++i) budget.RecordSuccess();
  EXPECT_TRUE(budget.TryRetry());
}

}  // namespace
}  // namespace proofmint
