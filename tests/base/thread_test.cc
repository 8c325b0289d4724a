#include "signer/base/thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/testing/child_process.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::base {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::RefuseThreads;
using proofmint::testing::RunInChild;

Thread MustStart(std::function<void()> function) {
  absl::StatusOr<Thread> thread = Thread::Start("test", std::move(function));
  EXPECT_THAT(thread, IsOk());
  return thread.ok() ? *std::move(thread) : Thread();
}

TEST(ThreadTest, RunsTheFunctionUnderItsName) {
  std::string name(16, ' ');
  absl::StatusOr<Thread> thread = Thread::Start("fifteen-bytes-x", [&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
  });
  ASSERT_THAT(thread, IsOk());
  EXPECT_TRUE(thread->joinable());
  thread->Join();
  EXPECT_FALSE(thread->joinable());
  EXPECT_STREQ(name.c_str(), "fifteen-bytes-x");
  EXPECT_EQ(std::char_traits<char>::length(name.c_str()), Thread::kMaxNameSize);
}

TEST(ThreadTest, BlocksAllSignalsInTheThreadAlone) {
  sigset_t inside;
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  MustStart([&] { pthread_sigmask(SIG_SETMASK, nullptr, &inside); }).Join();
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGCHLD}) {
    EXPECT_TRUE(sigismember(&inside, signal)) << signal;
    EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal))
        << signal;
  }
}

TEST(ThreadTest, JoinsInTheDestructor) {
  std::atomic<bool> ran = false;
  {
    std::latch destroying(1);
    Thread thread = MustStart([&] {
      destroying.wait();
      // A destructor that does not join would have returned by the end of this.
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      ran = true;
    });
    destroying.count_down();
  }
  EXPECT_TRUE(ran);
}

TEST(ThreadTest, JoinsTheOldThreadWhenAssignedANewOne) {
  std::atomic<bool> first_ran = false;
  std::atomic<bool> second_ran = false;
  Thread thread = MustStart([&] { first_ran = true; });
  thread = MustStart([&] { second_ran = true; });
  EXPECT_TRUE(first_ran);
  EXPECT_TRUE(thread.joinable());
  Thread moved = std::move(thread);
  EXPECT_FALSE(thread.joinable());  // NOLINT(bugprone-use-after-move)
  thread.Join();
  moved.Join();
  moved.Join();
  EXPECT_TRUE(second_ran);
}

TEST(ThreadTest, LetsADetachedThreadRun) {
  auto detached = std::make_shared<std::latch>(1);
  auto ran = std::make_shared<std::latch>(1);
  {
    Thread thread = MustStart([detached, ran] {
      detached->wait();
      ran->count_down();
    });
    thread.Detach();
    EXPECT_FALSE(thread.joinable());
  }
  detached->count_down();
  ran->wait();
}

TEST(ThreadTest, FailsWhenTheSystemHasNoThreads) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!RefuseThreads()) return 2;
              absl::StatusOr<Thread> thread = Thread::Start("test", [] {});
              return thread.status() == absl::ResourceExhaustedError(
                                            "thread test: Resource temporarily "
                                            "unavailable")
                         ? 0
                         : 1;
            }),
            0);
}

constexpr size_t kMemory = 1 << 20;  // bytes

TEST(CheckThreadsTest, PassesWhereThreadsCanBeHad) {
  EXPECT_THAT(CheckThreads(0, kMemory), IsOk());
  EXPECT_THAT(CheckThreads(50, kMemory), IsOk());
}

TEST(CheckThreadsTest, FailsWhereTheyCannot) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!RefuseThreads()) return 2;
              return CheckThreads(3, kMemory) ==
                             absl::ResourceExhaustedError(
                                 "threads: got 0, want 3; RLIMIT_NPROC, "
                                 "RLIMIT_AS or the cgroup's limit is too low")
                         ? 0
                         : 1;
            }),
            0);
}

TEST(CheckThreadsTest, FailsWhereTheMemoryCannotBeHad) {
  EXPECT_EQ(CheckThreads(0, size_t{1} << 60),
            absl::ResourceExhaustedError(
                "memory: got less than 1099511627776 MiB, want that much; "
                "RLIMIT_AS is too low"));
}

TEST(ThreadDeathTest, EndsTheProcessWhenTheFunctionThrows) {
  EXPECT_DEATH(MustStart([] { throw std::runtime_error("oh"); }).Join(), "oh");
}

}  // namespace
}  // namespace proofmint::base
