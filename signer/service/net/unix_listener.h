// Listens on a Unix socket in place of gRPC, which would silently take the path
// from a server that still runs.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_
#define PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

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

  // Stops accepting. A socket file of our own is removed first, and then the
  // connections of the backlog are passed to the callback, on the calling
  // thread: a client whose connection is closed waits a second before it tries
  // again. At a socket of systemd's they wait for the next server.
  ~UnixListener();

  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Returns the path that clients connect to.
  const std::string& path() const { return path_; }

  // Returns whether the socket is systemd's.
  bool from_systemd() const { return !lock_.valid(); }

  // Start hands every new connection, non-blocking and close-on-exec, to
  // `on_connection`. To be called once. Fails as AcceptLoop::Start does.
  absl::Status Start(
      std::function<void(base::UniqueFd connection)> on_connection);

 private:
  static absl::StatusOr<std::unique_ptr<UnixListener>> Create(
      std::string path, base::UniqueFd lock, base::UniqueFd socket);

  UnixListener(std::string path, base::UniqueFd lock,
               std::unique_ptr<AcceptLoop> loop);

  const std::string path_;
  const base::UniqueFd lock_;  // Invalid: the path is systemd's.
  const std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_UNIX_LISTENER_H_
