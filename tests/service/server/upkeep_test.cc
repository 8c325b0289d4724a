#include "signer/service/server/upkeep.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace proofmint::service {
namespace {

class UpkeepTest : public ::testing::Test {
 protected:
  Upkeep NewUpkeep(absl::Duration interval) {
    return Upkeep({.self_check =
                       [this] {
                         ++checks_;
                         return status_;
                       },
                   .self_check_interval = interval,
                   .reloaders = {&first_, &second_}},
                  readiness_);
  }

  absl::Status status_;
  int checks_ = 0;
  Readiness readiness_;
  int first_runs_ = 0;
  int second_runs_ = 0;
  Reloader first_{"first", [this]() -> absl::StatusOr<bool> {
                    ++first_runs_;
                    return absl::InternalError("kek_file: unreadable");
                  }};
  Reloader second_{"second", [this] {
                     ++second_runs_;
                     return false;
                   }};
};

TEST_F(UpkeepTest, ASelfCheckThatPassesMakesTheServerReady) {
  Upkeep upkeep = NewUpkeep(absl::ZeroDuration());
  EXPECT_FALSE(readiness_.ready());
  upkeep.RunSelfCheck();
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(upkeep.self_checks().ok, 1u);
  EXPECT_EQ(upkeep.self_checks().errors, 0u);
}

TEST_F(UpkeepTest, ASelfCheckIsMadeWhenItIsDue) {
  Upkeep seldom = NewUpkeep(absl::InfiniteDuration());
  seldom.RunSelfCheck();
  seldom.RunPeriodicTasks();
  EXPECT_EQ(checks_, 1);
  Upkeep always = NewUpkeep(absl::ZeroDuration());
  always.RunSelfCheck();
  always.RunPeriodicTasks();
  EXPECT_EQ(checks_, 3);
}

TEST_F(UpkeepTest, AFailedSelfCheckIsRepeatedByTheNextRun) {
  status_ = absl::UnavailableError("no entropy");
  Upkeep upkeep = NewUpkeep(absl::InfiniteDuration());
  upkeep.RunSelfCheck();
  EXPECT_FALSE(readiness_.ready());
  upkeep.RunPeriodicTasks();
  EXPECT_EQ(checks_, 2);
  status_ = absl::OkStatus();
  upkeep.RunPeriodicTasks();
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(upkeep.self_checks().ok, 1u);
  EXPECT_EQ(upkeep.self_checks().errors, 2u);
}

TEST_F(UpkeepTest, ThreeFailuresInARowEndReadiness) {
  Upkeep upkeep = NewUpkeep(absl::ZeroDuration());
  upkeep.RunSelfCheck();
  for (int round = 0; round < 2; ++round) {
    status_ = absl::UnavailableError("no entropy");
    upkeep.RunPeriodicTasks();
    upkeep.RunPeriodicTasks();
    EXPECT_TRUE(readiness_.ready());
    status_ = absl::OkStatus();
    upkeep.RunPeriodicTasks();
  }
  status_ = absl::UnavailableError("no entropy");
  for (int i = 0; i < Upkeep::kMaxFailedSelfChecks; ++i) {
    upkeep.RunPeriodicTasks();
  }
  EXPECT_FALSE(readiness_.ready());
  status_ = absl::OkStatus();
  upkeep.RunPeriodicTasks();
  EXPECT_TRUE(readiness_.ready());
}

TEST_F(UpkeepTest, AWrongProofEndsServiceForGood) {
  Upkeep upkeep = NewUpkeep(absl::ZeroDuration());
  upkeep.RunSelfCheck();
  status_ = absl::InternalError("wrong signature");
  upkeep.RunPeriodicTasks();
  EXPECT_FALSE(readiness_.ready());
  status_ = absl::OkStatus();
  upkeep.RunPeriodicTasks();
  EXPECT_EQ(checks_, 2);
  EXPECT_FALSE(readiness_.ready());
}

TEST_F(UpkeepTest, EveryRunReloadsWhateverFails) {
  status_ = absl::UnavailableError("no entropy");
  Upkeep upkeep = NewUpkeep(absl::ZeroDuration());
  upkeep.RunPeriodicTasks();
  upkeep.RunPeriodicTasks();
  EXPECT_EQ(first_runs_, 2);
  EXPECT_EQ(second_runs_, 2);
  EXPECT_EQ(first_.errors(), 1u);
}

}  // namespace
}  // namespace proofmint::service
