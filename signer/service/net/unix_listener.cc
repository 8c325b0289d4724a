#include "signer/service/net/unix_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kLockMode = 0600;

absl::Status SystemError(absl::string_view path, absl::string_view call) {
  return base::ErrnoStatus("listen: ", call, " ", path);
}

absl::Status InUseError(absl::string_view path) {
  return absl::AlreadyExistsError(
      absl::StrCat("listen: got unix:", path,
                   ", which another process serves, want a free path"));
}

sockaddr_un SocketAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::copy_n(path.data(), std::min(path.size(), sizeof(address.sun_path) - 1),
              address.sun_path);
  return address;
}

base::UniqueFd NewSocket() {
  return base::UniqueFd(
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

std::string LockPath(const std::string& path) {
  return absl::StrCat(path, ".lock");
}

// Takes the lock that says "this process serves `path`".
absl::StatusOr<base::UniqueFd> Lock(const std::string& path) {
  std::string lock_path = LockPath(path);
  base::UniqueFd lock(open(
      lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
  if (!lock.valid()) return SystemError(lock_path, "open");
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return InUseError(path);
    return SystemError(lock_path, "flock");
  }
  return lock;
}

// Removes a socket file that no process serves. The lock keeps other servers of
// ours away; connecting finds those that know nothing of it.
absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return SystemError(path, "lstat");
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("listen: got unix:", path,
                     ", a file that is no socket, want a free path"));
  }
  base::UniqueFd probe = NewSocket();
  if (!probe.valid()) return SystemError(path, "socket");
  sockaddr_un address = SocketAddress(path);
  if (connect(probe.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) == 0 ||
      errno == EAGAIN) {  // Its backlog is full: very much in use.
    return InUseError(path);
  }
  if (errno != ECONNREFUSED) return SystemError(path, "connect");
  if (unlink(path.c_str()) != 0) return SystemError(path, "unlink");
  return absl::OkStatus();
}

// Returns a listening socket that is bound to `path`, which this process has
// locked.
absl::StatusOr<base::UniqueFd> Listen(const std::string& path) {
  PROOFMINT_RETURN_IF_ERROR(RemoveStaleSocket(path));
  base::UniqueFd listening = NewSocket();
  if (!listening.valid()) return SystemError(path, "socket");
  sockaddr_un address = SocketAddress(path);
  if (bind(listening.get(), reinterpret_cast<sockaddr*>(&address),
           sizeof(address)) != 0) {
    return SystemError(path, "bind");
  }
  // No client can connect before listen(), so the mode is in place in time.
  if (chmod(path.c_str(), kSocketMode) != 0) return SystemError(path, "chmod");
  if (listen(listening.get(), SOMAXCONN) != 0) {
    return SystemError(path, "listen");
  }
  return listening;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Bind(
    std::string path) {
  PROOFMINT_ASSIGN_OR_RETURN(base::UniqueFd lock, Lock(path));
  PROOFMINT_ASSIGN_OR_RETURN(base::UniqueFd listening, Listen(path));
  return Create(std::move(path), std::move(lock), std::move(listening));
}

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::FromSystemd(
    base::UniqueFd socket) {
  sockaddr_un address = {};
  socklen_t size = sizeof(address);
  // An abstract name begins with a NUL and has no mode that restricts access.
  if (sd_is_socket_unix(socket.get(), SOCK_STREAM, /*listening=*/1,
                        /*path=*/nullptr, /*length=*/0) <= 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) !=
          0 ||
      address.sun_path[0] == '\0') {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen: got descriptor ", socket.get(),
        " from systemd, want a listening Unix stream socket with a path"));
  }
  std::string path(address.sun_path,
                   strnlen(address.sun_path, sizeof(address.sun_path)));
  const int flags = fcntl(socket.get(), F_GETFL);
  if (fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return SystemError(path, "fcntl");
  }
  return Create(std::move(path), /*lock=*/base::UniqueFd(), std::move(socket));
}

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Create(
    std::string path, base::UniqueFd lock, base::UniqueFd socket) {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<AcceptLoop> loop,
                             AcceptLoop::New(std::move(socket)));
  return std::unique_ptr<UnixListener>(
      new UnixListener(std::move(path), std::move(lock), std::move(loop)));
}

UnixListener::UnixListener(std::string path, base::UniqueFd lock,
                           std::unique_ptr<AcceptLoop> loop)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      loop_(std::move(loop)),
      file_(FileIdOf(path_)) {}

std::optional<UnixListener::FileId> UnixListener::FileIdOf(
    const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  return FileId(info.st_dev, info.st_ino);
}

bool UnixListener::HasItsFile() const {
  return file_.has_value() && FileIdOf(path_) == file_;
}

UnixListener::~UnixListener() {
  if (from_systemd()) return;
  loop_->Stop();
  if (HasItsFile()) unlink(path_.c_str());
  loop_->HandOverBacklog();
}

absl::Status UnixListener::Start(
    std::function<void(base::UniqueFd)> on_connection) {
  on_connection_ = std::move(on_connection);
  return loop_->Start(on_connection_);
}

absl::Status UnixListener::Rebind() {
  // The lock file may have been removed, too.
  struct stat held;
  if (fstat(lock_.get(), &held) != 0 ||
      FileIdOf(LockPath(path_)) != FileId(held.st_dev, held.st_ino)) {
    PROOFMINT_ASSIGN_OR_RETURN(lock_, Lock(path_));
  }
  PROOFMINT_ASSIGN_OR_RETURN(base::UniqueFd listening, Listen(path_));
  file_ = FileIdOf(path_);
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<AcceptLoop> loop,
                             AcceptLoop::New(std::move(listening)));
  PROOFMINT_RETURN_IF_ERROR(loop->Start(on_connection_));
  std::swap(loop_, loop);
  loop->HandOverBacklog();
  return absl::OkStatus();
}

void UnixListener::Maintain() {
  if (from_systemd() || on_connection_ == nullptr || HasItsFile()) return;
  const absl::Status status = Rebind();
  if (status.ok()) {
    LogError("socket was removed and has been made again", {{"path", path_}});
  } else if (!missing_) {
    LogError("socket was removed",
             {{"path", path_}, {"error", std::string(status.message())}});
  }
  missing_ = !status.ok();
}

}  // namespace proofmint::service
