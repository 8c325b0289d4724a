// Tests that the guard's self-test fails in a program that is linked in such a
// way that libgrpc calls the functions of libc: see CMakeLists.txt.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signer/service/net/guard_self_test.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::StatusIs;
using ::testing::StartsWith;

TEST(UnguardedTest, IsNoticed) {
  EXPECT_THAT(TestConnectionGuard(GuardedDescriptor::Transport::kPlaintext),
              StatusIs(absl::StatusCode::kInternal,
                       StartsWith("guard: it does not see what gRPC reads")));
}

}  // namespace
}  // namespace proofmint::service
