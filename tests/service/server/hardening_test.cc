#include "signer/service/server/hardening.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace proofmint::service {
namespace {

// Runs in a child process, because the limits cannot be raised again.
TEST(HardeningTest, LeavesNoCoreFilesAndNoWayIn) {
  const pid_t child = fork();
  if (child == 0) {
    if (!ForbidDumps().ok()) _exit(1);
    rlimit cores = {1, 1};
    if (getrlimit(RLIMIT_CORE, &cores) != 0) _exit(2);
    if (cores.rlim_cur != 0 || cores.rlim_max != 0) _exit(3);
    if (prctl(PR_GET_DUMPABLE) != 0) _exit(4);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(HardeningTest, TakesAllDescriptorsThatItMay) {
  const pid_t child = fork();
  if (child == 0) {
    rlimit limit = {64, 512};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(1);
    RaiseDescriptorLimit();
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(2);
    _exit(limit.rlim_cur == 512 ? 0 : 3);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace proofmint::service
