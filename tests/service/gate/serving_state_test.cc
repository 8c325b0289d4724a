#include "signer/service/gate/serving_state.h"

#include <gmock/gmock.h>

#include "signer/base/clock.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/rpc_error_matchers.h"
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
  draining.Drain(base::MonotonicNow());
  draining.SetReady(true);
  draining.Break();
  EXPECT_EQ(ReasonOf(draining.Check()), kDraining);

  ServingState broken;
  broken.SetReady(true);
  broken.Break();
  broken.SetReady(true);
  broken.Drain(base::MonotonicNow());
  EXPECT_EQ(ReasonOf(broken.Check()), kCryptoSelfTestFailed);
  EXPECT_FALSE(broken.serving());
}

TEST(ServingStateTest, ADrainTellsWhenTheSuccessorWillBeThere) {
  ServingState state;
  state.Drain(base::MonotonicNow() + absl::Milliseconds(300));
  absl::Duration delay = RetryDelayOf(ToRpcStatus(state.Check()));
  EXPECT_GT(delay, absl::Milliseconds(50));
  EXPECT_LE(delay, absl::Milliseconds(350));

  ServingState fleet;
  fleet.Drain(base::MonotonicNow() + absl::Hours(1));
  EXPECT_EQ(RetryDelayOf(ToRpcStatus(fleet.Check())),
            ServingState::kMaxDrainDelay);

  ServingState late;
  late.Drain(base::MonotonicNow() - absl::Seconds(1));
  EXPECT_EQ(RetryDelayOf(ToRpcStatus(late.Check())), absl::Milliseconds(50));
}

}  // namespace
}  // namespace proofmint::service
