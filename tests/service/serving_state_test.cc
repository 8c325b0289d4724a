#include "signer/service/serving_state.h"

#include <gmock/gmock.h>

#include "signer/service/clock.h"
#include "signer/service/errors.h"
#include "tests/service/rpc_error_matchers.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::RetryDelayOf;

TEST(ServingStateTest, GoesFromNotReadyToReadyAndBack) {
  ServingState state;
  EXPECT_EQ(ReasonOf(state.Check()), kNotReady);
  EXPECT_FALSE(state.serving());
  state.SetReady(true);
  EXPECT_THAT(state.Check(), IsOk());
  EXPECT_TRUE(state.serving());
  state.SetReady(false);
  EXPECT_EQ(ReasonOf(state.Check()), kNotReady);
}

TEST(ServingStateTest, StaysInTheEndThatCameFirst) {
  ServingState draining;
  draining.SetReady(true);
  draining.Drain(MonotonicNow());
  draining.SetReady(true);
  draining.Break();
  EXPECT_EQ(ReasonOf(draining.Check()), kDraining);

  ServingState broken;
  broken.SetReady(true);
  broken.Break();
  broken.SetReady(true);
  broken.Drain(MonotonicNow());
  EXPECT_EQ(ReasonOf(broken.Check()), kCryptoSelfTestFailed);
  EXPECT_FALSE(broken.serving());
}

TEST(ServingStateTest, ADrainTellsWhenTheSuccessorWillBeThere) {
  ServingState state;
  state.Drain(MonotonicNow() + absl::Milliseconds(300));
  absl::Duration delay = RetryDelayOf(ToRpcStatus(state.Check()));
  EXPECT_GT(delay, absl::Milliseconds(50));
  EXPECT_LE(delay, absl::Milliseconds(350));

  ServingState fleet;
  fleet.Drain(MonotonicNow() + absl::Hours(1));
  EXPECT_EQ(RetryDelayOf(ToRpcStatus(fleet.Check())),
            ServingState::kMaxDrainDelay);

  ServingState late;
  late.Drain(MonotonicNow() - absl::Seconds(1));
  EXPECT_EQ(RetryDelayOf(ToRpcStatus(late.Check())), absl::Milliseconds(50));
}

}  // namespace
}  // namespace proofmint::service
