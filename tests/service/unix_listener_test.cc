#include "signer/service/unix_listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::BindUnix;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Send;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(10);

// Keeps the connections that a listener hands over. Its mutex is not Abseil's,
// because ThreadSanitizer cannot see into that of Debian's library.
class Connections {
 public:
  std::function<void(UniqueFd)> Sink() {
    return [this](UniqueFd connection) {
      std::lock_guard lock(mutex_);
      connections_.push_back(std::move(connection));
      changed_.notify_all();
    };
  }

  // Waits for the connection number `index` and returns its descriptor, which
  // remains owned by this object, or -1.
  int Wait(size_t index) {
    if (!WaitFor(index, kLimit)) return -1;
    std::lock_guard lock(mutex_);
    return connections_[index].get();
  }

  // Whether the connection number `index` comes within `limit`.
  bool WaitFor(size_t index, absl::Duration limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                             [&] { return connections_.size() > index; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UniqueFd> connections_;
};

class UnixListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<UnixListener> MustBind() {
    absl::StatusOr<std::unique_ptr<UnixListener>> listener =
        UnixListener::Bind(path_);
    EXPECT_THAT(listener, IsOk());
    return listener.ok() ? *std::move(listener) : nullptr;
  }

  TempDir directory_;
  const std::string path_ = directory_ / "s.sock";
};

TEST_F(UnixListenerTest, HandsOverConnectionsThatDoNotBlockOrLeak) {
  Connections connections;
  auto listener = MustBind();
  listener->Start(connections.Sink());
  for (size_t i = 0; i < 3; ++i) {
    UniqueFd client = ConnectUnix(path_);
    ASSERT_TRUE(client.valid());
    int accepted = connections.Wait(i);
    ASSERT_GE(accepted, 0);
    EXPECT_NE(fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(send(accepted, "hello", 5, MSG_NOSIGNAL), 5);
    EXPECT_TRUE(WaitReadable(client, kLimit));
  }
}

TEST_F(UnixListenerTest, ServesConnectionsMadeBeforeStart) {
  Connections connections;
  auto listener = MustBind();
  UniqueFd first = ConnectUnix(path_);
  UniqueFd second = ConnectUnix(path_);
  ASSERT_TRUE(first.valid() && second.valid());
  listener->Start(connections.Sink());
  EXPECT_GE(connections.Wait(1), 0);
}

TEST_F(UnixListenerTest, LetsOwnerAndGroupConnectWhateverTheUmask) {
  for (mode_t mask : {0000, 0022, 0077, 0777}) {
    mode_t before = umask(mask);
    absl::StatusOr<std::unique_ptr<UnixListener>> listener =
        UnixListener::Bind(path_);
    umask(before);
    ASSERT_THAT(listener, IsOk());
    struct stat info;
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0660u) << mask;
  }
}

TEST_F(UnixListenerTest, RemovesItsSocketAndLeavesItsLockFile) {
  MustBind().reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::is_regular_file(path_ + ".lock"));
  struct stat info;
  ASSERT_EQ(stat((path_ + ".lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0u);
  EXPECT_NE(MustBind(), nullptr);
}

TEST_F(UnixListenerTest, HangsUpOnConnectionsThatItNeverStartedToServe) {
  auto listener = MustBind();
  UniqueFd client = ConnectUnix(path_);
  ASSERT_TRUE(client.valid());
  listener.reset();
  std::string received;
  EXPECT_TRUE(ReadUntilClosed(client, kLimit, received));
}

TEST_F(UnixListenerTest, TakesOverTheSocketFileOfAServerThatIsGone) {
  BindUnix(path_, SOCK_STREAM);
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  Connections connections;
  auto listener = MustBind();
  ASSERT_NE(listener, nullptr);
  listener->Start(connections.Sink());
  UniqueFd client = ConnectUnix(path_);
  EXPECT_GE(connections.Wait(0), 0);
}

TEST_F(UnixListenerTest, RefusesASocketThatAnotherListenerServes) {
  Connections connections;
  auto first = MustBind();
  first->Start(connections.Sink());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  UniqueFd client = ConnectUnix(path_);
  EXPECT_GE(connections.Wait(0), 0);
  EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(UnixListenerTest, RefusesASocketOfAServerThatDoesNotKnowTheLock) {
  UniqueFd foreign = BindUnix(path_, SOCK_STREAM);
  ASSERT_TRUE(foreign.valid());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, RefusesASocketOfAServerThatIsTooBusyToAccept) {
  UniqueFd foreign = BindUnix(path_, SOCK_STREAM, /*backlog=*/0);
  ASSERT_TRUE(foreign.valid());
  UniqueFd waiting = ConnectUnix(path_);  // Fills the backlog.
  ASSERT_TRUE(waiting.valid());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(UnixListenerTest, RefusesAPathWhoseLockIsTaken) {
  UniqueFd lock(open((path_ + ".lock").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, LetsExactlyOneOfManyBindAtOnce) {
  BindUnix(path_, SOCK_STREAM);  // Something stale for all to fight over.
  std::atomic<int> ready = 0;
  std::vector<absl::StatusOr<std::unique_ptr<UnixListener>>> results(8);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < 8) std::this_thread::yield();
      result = UnixListener::Bind(path_);
    });
  }
  for (std::thread& thread : threads) thread.join();
  int winners = 0;
  for (const auto& result : results) {
    if (result.ok()) {
      ++winners;
    } else {
      EXPECT_THAT(result,
                  StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
    }
  }
  EXPECT_EQ(winners, 1);
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, LeavesAlonePathsThatAreNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(
      UnixListener::Bind(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");

  std::filesystem::remove(path_);
  std::filesystem::create_symlink("nowhere", path_);
  EXPECT_THAT(
      UnixListener::Bind(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  EXPECT_TRUE(std::filesystem::is_symlink(path_));

  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_THAT(
      UnixListener::Bind(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  EXPECT_TRUE(std::filesystem::is_directory(path_));
}

TEST_F(UnixListenerTest, LeavesAloneASocketOfAnotherType) {
  UniqueFd datagrams = BindUnix(path_, SOCK_DGRAM);
  ASSERT_TRUE(datagrams.valid());
  absl::Status status = UnixListener::Bind(path_).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(UnixListenerTest, NamesThePathWhoseDirectoryIsMissing) {
  const std::string path = directory_ / "missing/s.sock";
  EXPECT_THAT(
      UnixListener::Bind(path),
      StatusIs(absl::StatusCode::kInternal,
               AllOf(HasSubstr(path), HasSubstr("No such file or directory"))));
}

TEST_F(UnixListenerTest, AcceptsAgainAfterDescriptorsRanOut) {
  Connections connections;
  auto listener = MustBind();
  UniqueFd client = ConnectUnix(path_);  // Waits in the backlog.
  ASSERT_TRUE(client.valid());
  UniqueFd lowest_free(dup(client.get()));
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none_left = before;
  none_left.rlim_cur = static_cast<rlim_t>(lowest_free.get());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  listener->Start(connections.Sink());
  rusage start;
  rusage end;
  getrusage(RUSAGE_SELF, &start);
  EXPECT_FALSE(connections.WaitFor(0, absl::Milliseconds(300)));
  getrusage(RUSAGE_SELF, &end);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  // It waited instead of spinning.
  EXPECT_LT(absl::DurationFromTimeval(end.ru_utime) -
                absl::DurationFromTimeval(start.ru_utime) +
                absl::DurationFromTimeval(end.ru_stime) -
                absl::DurationFromTimeval(start.ru_stime),
            absl::Milliseconds(100));
  EXPECT_GE(connections.Wait(0), 0);
}

}  // namespace
}  // namespace proofmint::service
