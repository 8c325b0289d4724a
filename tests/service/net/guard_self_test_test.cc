#include "signer/service/net/guard_self_test.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;

TEST(GuardSelfTestTest, TheGuardSeesPlaintext) {
  EXPECT_THAT(TestConnectionGuard(GuardedDescriptor::Transport::kPlaintext),
              IsOk());
}

TEST(GuardSelfTestTest, TheGuardSeesTls) {
  EXPECT_THAT(TestConnectionGuard(GuardedDescriptor::Transport::kTls), IsOk());
}

}  // namespace
}  // namespace proofmint::service
