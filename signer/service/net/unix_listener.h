// Listens on a Unix socket in place of gRPC, which would silently take the path
// from a server that still runs.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_
#define PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/accept_loop.h"

namespace proofmint::service {

// UnixListener holds a listening Unix socket and accepts its connections on a
// thread of its own.
//
// A path that it binds is guarded by an advisory lock on PATH.lock, held as
// long as the listener lives; the lock file stays behind, since removing it
// would race with the next server. The socket has mode 0660, so that its
// directory and group control which clients may connect. Not thread-safe,
// except that the callback of Start runs on the accepting thread.
class UnixListener {
 public:
  // Bind binds `path`, of at most 107 bytes, and listens; clients may connect
  // from now on and wait in the backlog. A socket file that no process
  // serves any more is replaced. Fails with ALREADY_EXISTS if another process
  // serves the path, FAILED_PRECONDITION if the path is something other than a
  // socket, and as base::ErrnoStatus otherwise.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Bind(std::string path);

  // FromSystemd serves a socket that systemd passed to this process: its path,
  // mode and lifetime are systemd's, so that clients can wait in the backlog
  // while no server runs. Fails with INVALID_ARGUMENT if it is not a listening
  // Unix stream socket with a path.
  static absl::StatusOr<std::unique_ptr<UnixListener>> FromSystemd(
      base::UniqueFd socket);

  // Stops accepting. A socket file of our own is removed first, unless another
  // has taken its place, and then the connections of the backlog are passed to
  // the callback, on the calling thread: a client whose connection is closed
  // waits a second before it tries again. At a socket of systemd's they wait
  // for the next server.
  ~UnixListener();

  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Returns the path that clients connect to.
  const std::string& path() const { return path_; }

  // Returns whether the socket is systemd's.
  bool from_systemd() const { return !lock_.valid(); }

  // Maintain makes the socket file again if it is gone or another file has
  // taken its place, and says so in the log; clients that found the old one
  // are served. Says once why it cannot, such as a process that serves the path
  // now, and tries again at the next call. Does nothing before Start, and for a
  // socket of systemd's.
  void Maintain();

  // Start hands every new connection, non-blocking and close-on-exec, to
  // `on_connection`. To be called once. Fails as AcceptLoop::Start does.
  absl::Status Start(
      std::function<void(base::UniqueFd connection)> on_connection);

 private:
  // A file's device and inode, which no other file has.
  using FileId = std::pair<dev_t, ino_t>;

  static std::optional<FileId> FileIdOf(const std::string& path);

  static absl::StatusOr<std::unique_ptr<UnixListener>> Create(
      std::string path, base::UniqueFd lock, base::UniqueFd socket);

  UnixListener(std::string path, base::UniqueFd lock,
               std::unique_ptr<AcceptLoop> loop);

  // Binds the path again, in place of a file that is gone.
  absl::Status Rebind();

  // Returns whether the path still leads to the socket that was bound.
  bool HasItsFile() const;

  const std::string path_;
  base::UniqueFd lock_;  // Invalid: the path is systemd's.
  std::unique_ptr<AcceptLoop> loop_;
  std::optional<FileId> file_;
  std::function<void(base::UniqueFd)> on_connection_;
  bool missing_ = false;  // The log has it that the file cannot be made again.
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_
