#include "signer/service/net/unix_listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/service/net/listener_checks.h"
#include "tests/service/testing/accepted_connections.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AcceptedConnections;
using ::proofmint::testing::BindUnix;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(10);

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
  AcceptedConnections connections;
  auto listener = MustBind();
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  for (size_t i = 0; i < 3; ++i) {
    base::UniqueFd client = ConnectUnix(path_);
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
  CheckServesConnectionsMadeBeforeStart(MustBind(),
                                        [&] { return ConnectUnix(path_); });
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

TEST_F(UnixListenerTest, IsNotSystemds) {
  EXPECT_FALSE(MustBind()->from_systemd());
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

TEST_F(UnixListenerTest, LeavesASocketFileThatIsNotItsOwn) {
  auto listener = MustBind();
  std::filesystem::remove(path_);
  base::UniqueFd other = BindUnix(path_, SOCK_STREAM);
  ASSERT_TRUE(other.valid());
  listener.reset();
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, MakesARemovedSocketAgain) {
  for (bool with_lock : {false, true}) {
    AcceptedConnections connections;
    auto listener = MustBind();
    ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
    base::UniqueFd before = ConnectUnix(path_);
    EXPECT_GE(connections.Wait(0), 0);
    std::filesystem::remove(path_);
    if (with_lock) std::filesystem::remove(path_ + ".lock");
    EXPECT_FALSE(ConnectUnix(path_).valid());
    listener->Maintain();
    base::UniqueFd after = ConnectUnix(path_);
    ASSERT_TRUE(after.valid());
    EXPECT_GE(connections.Wait(1), 0);
    struct stat info;
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0660u);
    EXPECT_THAT(UnixListener::Bind(path_),
                StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
    listener.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(UnixListenerTest, LeavesAPathThatAnotherProcessServesNow) {
  AcceptedConnections connections;
  auto listener = MustBind();
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  std::filesystem::remove(path_);
  {
    base::UniqueFd other = BindUnix(path_, SOCK_STREAM);
    ASSERT_TRUE(other.valid());
    listener->Maintain();
    EXPECT_TRUE(ConnectUnix(path_).valid());
  }
  // The other is gone, and its socket file stayed behind.
  listener->Maintain();
  base::UniqueFd client = ConnectUnix(path_);
  EXPECT_GE(connections.Wait(0), 0);
}

TEST_F(UnixListenerTest, HangsUpOnConnectionsThatItNeverStartedToServe) {
  CheckHangsUpIfItNeverStarted(MustBind(), [&] { return ConnectUnix(path_); });
}

TEST_F(UnixListenerTest, TakesOverTheSocketFileOfAServerThatIsGone) {
  BindUnix(path_, SOCK_STREAM);
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  AcceptedConnections connections;
  auto listener = MustBind();
  ASSERT_NE(listener, nullptr);
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  base::UniqueFd client = ConnectUnix(path_);
  EXPECT_GE(connections.Wait(0), 0);
}

TEST_F(UnixListenerTest, RefusesASocketThatAnotherListenerServes) {
  AcceptedConnections connections;
  auto first = MustBind();
  ASSERT_THAT(first->Start(connections.Sink()), IsOk());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  base::UniqueFd client = ConnectUnix(path_);
  EXPECT_GE(connections.Wait(0), 0);
  EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(UnixListenerTest, RefusesASocketOfAServerThatDoesNotKnowTheLock) {
  base::UniqueFd foreign = BindUnix(path_, SOCK_STREAM);
  ASSERT_TRUE(foreign.valid());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, RefusesASocketOfAServerThatIsTooBusyToAccept) {
  base::UniqueFd foreign = BindUnix(path_, SOCK_STREAM, /*backlog=*/0);
  ASSERT_TRUE(foreign.valid());
  base::UniqueFd waiting = ConnectUnix(path_);  // Fills the backlog.
  ASSERT_TRUE(waiting.valid());
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(UnixListenerTest, RefusesAPathWhoseLockIsTaken) {
  base::UniqueFd lock(open((path_ + ".lock").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(UnixListener::Bind(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, LetsExactlyOneOfManyBindAtOnce) {
  BindUnix(path_, SOCK_STREAM);  // Leaves a socket that no server serves.
  auto winner = CheckExactlyOneBinds<UnixListener>(path_);
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
  base::UniqueFd datagrams = BindUnix(path_, SOCK_DGRAM);
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
      StatusIs(absl::StatusCode::kNotFound,
               AllOf(HasSubstr(path), HasSubstr("No such file or directory"))));
}

TEST_F(UnixListenerTest, ServesItsBacklogWhenItEnds) {
  CheckServesItsBacklogWhenItEnds(MustBind(),
                                  [&] { return ConnectUnix(path_); });
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, ServesASocketOfSystemds) {
  base::UniqueFd socket = BindUnix(path_, SOCK_STREAM);
  base::UniqueFd early = ConnectUnix(path_);
  ASSERT_TRUE(early.valid());
  AcceptedConnections connections;
  const int passed = dup(socket.get());
  auto listener = UnixListener::FromSystemd(base::UniqueFd(passed));
  ASSERT_THAT(listener, IsOk());
  EXPECT_NE(fcntl(passed, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ((*listener)->path(), path_);
  ASSERT_THAT((*listener)->Start(connections.Sink()), IsOk());
  EXPECT_GE(connections.Wait(0), 0);
  base::UniqueFd client = ConnectUnix(path_);
  int accepted = connections.Wait(1);
  ASSERT_GE(accepted, 0);
  EXPECT_NE(fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".lock"));
}

TEST_F(UnixListenerTest, LeavesASocketOfSystemdsToItsSuccessor) {
  base::UniqueFd socket = BindUnix(path_, SOCK_STREAM);
  for (int round = 0; round < 2; ++round) {
    base::UniqueFd client =
        ConnectUnix(path_);  // It waits in the backlog: no server accepts.
    ASSERT_TRUE(client.valid());
    AcceptedConnections connections;
    auto listener =
        UnixListener::FromSystemd(base::UniqueFd(dup(socket.get())));
    ASSERT_THAT(listener, IsOk());
    EXPECT_TRUE((*listener)->from_systemd());
    ASSERT_THAT((*listener)->Start(connections.Sink()), IsOk());
    EXPECT_GE(connections.Wait(0), 0);
    listener->reset();
    EXPECT_TRUE(std::filesystem::is_socket(path_));
  }
}

TEST_F(UnixListenerTest, RefusesDescriptorsThatSystemdCannotHaveMeant) {
  std::vector<base::UniqueFd> wrong;
  wrong.push_back(BindUnix(path_, SOCK_DGRAM));
  // Bound, but not listening.
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (directory_ / "bound").copy(address.sun_path, sizeof(address.sun_path) - 1);
  wrong.push_back(base::UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0)));
  ASSERT_EQ(bind(wrong.back().get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)),
            0);
  wrong.push_back(base::UniqueFd(socket(AF_INET, SOCK_STREAM, 0)));
  ASSERT_EQ(listen(wrong.back().get(), 1), 0);
  wrong.push_back(base::UniqueFd(open("/dev/null", O_RDONLY)));
  wrong.push_back(base::UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0)));
  // Bound to a name in the abstract namespace that the kernel chooses.
  const sa_family_t unnamed = AF_UNIX;
  ASSERT_EQ(bind(wrong.back().get(),
                 reinterpret_cast<const sockaddr*>(&unnamed), sizeof(unnamed)),
            0);
  ASSERT_EQ(listen(wrong.back().get(), 1), 0);
  wrong.push_back(base::UniqueFd());
  for (base::UniqueFd& fd : wrong) {
    const std::string number = std::to_string(fd.get());
    EXPECT_THAT(UnixListener::FromSystemd(std::move(fd)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("got descriptor " + number +
                                   " from systemd, want a listening Unix "
                                   "stream socket")));
  }
}

TEST_F(UnixListenerTest, AcceptsAgainAfterDescriptorsRanOut) {
  CheckAcceptsAgainAfterDescriptorsRanOut(MustBind(),
                                          [&] { return ConnectUnix(path_); });
}

}  // namespace
}  // namespace proofmint::service
