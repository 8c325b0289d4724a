#include "signer/base/errno_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::base {
namespace {

using proofmint::testing::StatusIs;

TEST(ErrnoStatusTest, HasTheCodeAndTheReasonOfErrno) {
  errno = ENOENT;
  EXPECT_THAT(ErrnoStatus("open ", "a.pem"),
              StatusIs(absl::StatusCode::kNotFound,
                       "open a.pem: No such file or directory"));
  errno = EACCES;
  EXPECT_THAT(ErrnoStatus("descriptor ", 7),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "descriptor 7: Permission denied"));
}

}  // namespace
}  // namespace proofmint::base
