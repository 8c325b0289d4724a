// Tests the guard by the program's own calls of recvmsg and sendmsg, which pass
// through the same functions as gRPC's.

#include "signer/service/net/connection_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/guarded_descriptor.h"
#include "signer/service/observe/connection_record.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Frame;
using ::proofmint::testing::FrameFlag;
using ::proofmint::testing::FrameType;
using ::proofmint::testing::kPreface;
using ::proofmint::testing::Send;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kMaxOpenCalls = static_cast<int>(FrameGuard::kMaxOpenCalls);

// Returns what a client sends that opens `count` calls.
std::string Calls(int count) {
  std::string bytes(kPreface);
  for (int i = 0; i < count; ++i) {
    bytes += Frame(FrameType::kHeaders, FrameFlag::kEndHeaders,
                   static_cast<uint32_t>(2 * i + 1), 1);
  }
  return bytes;
}

// Receives up to `size` bytes by recvmsg, into two pieces.
ssize_t Receive(int fd, size_t size, int flags = 0) {
  std::vector<char> bytes(size);
  std::array<iovec, 2> pieces = {
      iovec{bytes.data(), size / 2},
      iovec{bytes.data() + size / 2, size - size / 2}};
  msghdr message = {};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return recvmsg(fd, &message, flags);
}

ssize_t SendMessage(int fd, std::string bytes) {
  iovec piece = {bytes.data(), bytes.size()};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

class ConnectionGuardTest : public ::testing::Test {
 protected:
  ConnectionGuardTest() { Connect(); }

  // Makes a new pair of sockets, by the same descriptors.
  void Connect() {
    server_ = base::UniqueFd();
    client_ = base::UniqueFd();
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    server_ = base::UniqueFd(pair[0]);
    client_ = base::UniqueFd(pair[1]);
  }

  void ConnectUnderGuard() {
    Connect();
    ASSERT_TRUE(guard_->AddPlaintext(server_.get(), "uid:7"));
  }

  std::optional<GuardedDescriptor::Counts> Counts() const {
    GuardedDescriptor* const descriptor =
        GuardedDescriptor::Find(server_.get());
    return descriptor == nullptr ? std::nullopt : descriptor->counts();
  }

  // Writes to the client until it takes no more.
  void FillUp() const {
    while (SendMessage(server_.get(), std::string(8192, '\0')) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }

  bool ClientIsClosed() const {
    std::string received;
    return ::proofmint::testing::ReadUntilClosed(client_, absl::Seconds(10),
                                                 received);
  }

  uint64_t closed(ConnectionClosure reason) const {
    return record_.closed(reason);
  }

  ConnectionRecord record_;
  std::vector<std::string> penalties_;
  std::unique_ptr<ConnectionGuard> guard_ = std::make_unique<ConnectionGuard>(
      ConnectionGuard::Options{.penalize =
                                   [this](absl::string_view caller) {
                                     penalties_.emplace_back(caller);
                                   }},
      record_);
  base::UniqueFd server_;
  base::UniqueFd client_;
};

TEST_F(ConnectionGuardTest, SeesWhatIsReadAndWritten) {
  ConnectUnderGuard();
  const std::string calls = Calls(5);
  Send(client_, calls);
  EXPECT_EQ(Receive(server_.get(), 4096), calls.size());
  EXPECT_EQ(Counts()->calls, 5u);
  EXPECT_EQ(Counts()->open_calls, 5u);
  EXPECT_EQ(Counts()->caller, "uid:7");
  SendMessage(server_.get(), Frame(FrameType::kReset, 0, 3, 4));
  EXPECT_EQ(Counts()->open_calls, 4u);
}

TEST_F(ConnectionGuardTest, EndsAFlood) {
  ConnectUnderGuard();
  Send(client_, Calls(kMaxOpenCalls + 1));
  EXPECT_EQ(Receive(server_.get(), 1 << 16), 0);
  EXPECT_EQ(Receive(server_.get(), 1 << 16), 0);
  EXPECT_TRUE(ClientIsClosed());
  EXPECT_EQ(closed(ConnectionClosure::kOpenCalls), 1u);
  EXPECT_THAT(penalties_, ElementsAre("uid:7"));
}

TEST_F(ConnectionGuardTest, APeerThatSendsGarbageGetsNoPenalty) {
  ConnectUnderGuard();
  Send(client_, std::string(kPreface) + std::string(9, '\xff'));
  EXPECT_EQ(Receive(server_.get(), 1 << 16), 0);
  EXPECT_EQ(closed(ConnectionClosure::kControlFrames), 1u);
  EXPECT_THAT(penalties_, IsEmpty());
}

TEST_F(ConnectionGuardTest, EndsAFloodAfterTheGuardIsGone) {
  ConnectUnderGuard();
  guard_ = nullptr;
  Send(client_, Calls(kMaxOpenCalls + 1));
  EXPECT_EQ(Receive(server_.get(), 1 << 16), 0);
  EXPECT_EQ(closed(ConnectionClosure::kOpenCalls), 0u);
}

TEST_F(ConnectionGuardTest, LeavesAloneWhatIsNotUnderGuard) {
  const std::string calls = Calls(kMaxOpenCalls + 1);
  Send(client_, calls);
  EXPECT_EQ(Receive(server_.get(), 1 << 16), calls.size());
  EXPECT_EQ(Counts(), std::nullopt);
}

TEST_F(ConnectionGuardTest, NeverJudgesALaterConnectionOfTheSameDescriptor) {
  ConnectUnderGuard();
  const int fd = server_.get();
  Send(client_, Calls(kMaxOpenCalls));
  EXPECT_GT(Receive(fd, 1 << 16), 0);
  GuardedDescriptor* const descriptor = GuardedDescriptor::Find(fd);
  const uint64_t generation = descriptor->generation();
  Connect();
  ASSERT_EQ(server_.get(), fd);
  EXPECT_EQ(descriptor->generation(), 0u);
  Send(client_, Calls(kMaxOpenCalls));
  EXPECT_GT(Receive(fd, 1 << 16), 0);
  descriptor->ShutDown(generation);
  EXPECT_FALSE(descriptor->ReceivedInTls(generation, {}));

  ConnectUnderGuard();
  ASSERT_EQ(server_.get(), fd);
  EXPECT_NE(descriptor->generation(), generation);
  EXPECT_EQ(Counts()->calls, 0u);
  descriptor->ShutDown(generation);
  Send(client_, Calls(kMaxOpenCalls));
  EXPECT_GT(Receive(fd, 1 << 16), 0);
}

TEST_F(ConnectionGuardTest, DoesNotCountBytesTwice) {
  ConnectUnderGuard();
  Send(client_, Calls(5));
  EXPECT_GT(Receive(server_.get(), 4096, MSG_PEEK), 0);
  EXPECT_EQ(Counts()->calls, 0u);
  EXPECT_GT(Receive(server_.get(), 4096), 0);
  EXPECT_EQ(Counts()->calls, 5u);
}

TEST_F(ConnectionGuardTest, CannotGuardSomeDescriptors) {
  EXPECT_FALSE(
      guard_->AddPlaintext(GuardedDescriptor::kMaxDescriptors, "uid:7"));
  EXPECT_FALSE(guard_->AddPlaintext(-1, "uid:7"));
}

TEST_F(ConnectionGuardTest, ClosesAConnectionThatTakesNothing) {
  ConnectUnderGuard();
  FillUp();
  const absl::Duration begin = base::MonotonicNow();
  guard_->CloseStalled(begin + ConnectionGuard::kMaxStall / 2);
  EXPECT_EQ(closed(ConnectionClosure::kUnreadAnswers), 0u);
  guard_->CloseStalled(begin + ConnectionGuard::kMaxStall);
  guard_->CloseStalled(begin + 2 * ConnectionGuard::kMaxStall);
  EXPECT_EQ(closed(ConnectionClosure::kUnreadAnswers), 1u);
  EXPECT_TRUE(ClientIsClosed());
  EXPECT_THAT(penalties_, IsEmpty());
}

TEST_F(ConnectionGuardTest, LeavesAloneAConnectionThatTakesALittle) {
  ConnectUnderGuard();
  FillUp();
  absl::Duration now = base::MonotonicNow();
  for (int i = 0; i < 5; ++i) {
    now += ConnectionGuard::kMaxStall - absl::Seconds(1);
    guard_->CloseStalled(now);
    // Less than what makes the socket writable again.
    std::array<char, 8192> taken;
    EXPECT_GT(recv(client_.get(), taken.data(), taken.size(), 0), 0);
    now += absl::Seconds(2);
    guard_->CloseStalled(now);
  }
  EXPECT_EQ(closed(ConnectionClosure::kUnreadAnswers), 0u);
}

TEST_F(ConnectionGuardTest, AConnectionThatIsWrittenToAgainIsNotStalled) {
  ConnectUnderGuard();
  FillUp();
  std::array<char, 1 << 16> taken;
  while (recv(client_.get(), taken.data(), taken.size(), 0) > 0) {
  }
  EXPECT_GT(SendMessage(server_.get(), std::string(9, '\0')), 0);
  guard_->CloseStalled(base::MonotonicNow() + 2 * ConnectionGuard::kMaxStall);
  EXPECT_EQ(closed(ConnectionClosure::kUnreadAnswers), 0u);
}

TEST_F(ConnectionGuardTest, LeavesAloneTheConnectionsOfAnotherGuard) {
  ConnectUnderGuard();
  FillUp();
  ConnectionRecord record;
  ConnectionGuard other({}, record);
  other.CloseStalled(base::MonotonicNow() + 2 * ConnectionGuard::kMaxStall);
  EXPECT_EQ(closed(ConnectionClosure::kUnreadAnswers), 0u);
  EXPECT_EQ(record.closed(ConnectionClosure::kUnreadAnswers), 0u);
}

}  // namespace
}  // namespace proofmint::service
