#include "signer/service/net/accept_loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/service/net/listener_checks.h"
#include "tests/service/testing/accepted_connections.h"
#include "tests/testing/child_process.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AcceptedConnections;
using ::proofmint::testing::BindUnix;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::NoDescriptors;
using ::proofmint::testing::RefuseThreads;
using ::proofmint::testing::RunInChild;
using ::proofmint::testing::TempDir;

class AcceptLoopTest : public ::testing::Test {
 protected:
  // Returns a loop over the socket, by a descriptor of its own each time.
  std::unique_ptr<AcceptLoop> MustMake() {
    auto loop = AcceptLoop::New(base::UniqueFd(dup(socket_.get())));
    EXPECT_THAT(loop, IsOk());
    return loop.ok() ? *std::move(loop) : nullptr;
  }

  void SetUp() override {
    ASSERT_EQ(fcntl(socket_.get(), F_SETFL, O_NONBLOCK), 0);
  }

  TempDir directory_;
  const std::string path_ = directory_ / "s.sock";
  const base::UniqueFd socket_ = BindUnix(path_, SOCK_STREAM);
};

TEST_F(AcceptLoopTest, AcceptsAgainAfterDescriptorsRanOut) {
  CheckAcceptsAgainAfterDescriptorsRanOut(MustMake(),
                                          [&] { return ConnectUnix(path_); });
}

TEST_F(AcceptLoopTest, FailsWithoutAThread) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([&] {
              if (!RefuseThreads()) return 2;
              base::UniqueFd client = ConnectUnix(path_);
              int accepted = 0;
              auto loop = MustMake();
              absl::Status status =
                  loop->Start([&](base::UniqueFd) { ++accepted; });
              loop->HandOverBacklog();
              if (status.code() != absl::StatusCode::kResourceExhausted) {
                return 3;
              }
              return accepted == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(AcceptLoopTest, StopsWhileThereAreNoDescriptors) {
  AcceptedConnections connections;
  auto loop = MustMake();
  base::UniqueFd client = ConnectUnix(path_);
  ASSERT_TRUE(client.valid());
  {
    NoDescriptors none;
    ASSERT_THAT(loop->Start(connections.Sink()), IsOk());
    EXPECT_FALSE(connections.WaitFor(0, absl::Milliseconds(10)));
    loop->HandOverBacklog();
  }
  EXPECT_FALSE(connections.WaitFor(0, absl::ZeroDuration()));
}

TEST_F(AcceptLoopTest, LeavesTheBacklogAloneUnlessItIsToHandItOver) {
  AcceptedConnections before;
  auto loop = MustMake();
  ASSERT_THAT(loop->Start(before.Sink()), IsOk());
  loop->Stop();
  base::UniqueFd client = ConnectUnix(path_);
  ASSERT_TRUE(client.valid());
  loop.reset();
  EXPECT_FALSE(before.WaitFor(0, absl::ZeroDuration()));

  AcceptedConnections after;
  loop = MustMake();
  loop->HandOverBacklog();  // No handler is set yet.
  ASSERT_THAT(loop->Start(after.Sink()), IsOk());
  EXPECT_GE(after.Wait(0), 0);
  loop->Stop();
  base::UniqueFd late = ConnectUnix(path_);
  loop->HandOverBacklog();
  EXPECT_TRUE(after.WaitFor(1, absl::ZeroDuration()));
}

}  // namespace
}  // namespace proofmint::service
