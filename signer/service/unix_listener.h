// A Unix socket that is bound by us and not by gRPC, which would silently take
// the path from a server that still runs.

#ifndef PROOFMINT_SIGNER_SERVICE_UNIX_LISTENER_H_
#define PROOFMINT_SIGNER_SERVICE_UNIX_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "signer/service/unique_fd.h"

namespace proofmint::service {

// UnixListener holds a listening Unix socket and accepts its connections on a
// thread of its own.
//
// The path is guarded by an advisory lock on PATH.lock, held as long as the
// listener lives; the lock file stays behind, since removing it would race with
// the next server. The socket has mode 0660, so that its directory and group
// decide who may connect. Not thread-safe, except that the callback of Start
// runs on the accepting thread.
class UnixListener {
 public:
  // Bind binds `path`, of at most 107 bytes, and listens; clients may connect
  // from now on and wait in the backlog. A socket file that nobody serves any
  // more is replaced. Fails with ALREADY_EXISTS if another process serves the
  // path, FAILED_PRECONDITION if the path is something other than a socket, and
  // INTERNAL with the system's reason otherwise.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Bind(std::string path);

  // Stops accepting and removes the socket file.
  ~UnixListener();

  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Start hands every new connection, non-blocking and close-on-exec, to
  // `on_connection`. To be called once.
  void Start(std::function<void(UniqueFd connection)> on_connection);

 private:
  UnixListener(std::string path, UniqueFd lock, UniqueFd socket, UniqueFd wake);

  void AcceptUntilWoken();

  // Waits for a connection. Returns false once the listener is being destroyed.
  bool WaitForConnection();

  const std::string path_;
  const UniqueFd lock_;
  const UniqueFd socket_;
  const UniqueFd wake_;  // An eventfd; readable once the thread is to end.
  std::function<void(UniqueFd)> on_connection_;
  std::thread thread_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_UNIX_LISTENER_H_
