// Accepts connections, and goes on after descriptors ran out.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_ACCEPT_LOOP_H_
#define PROOFMINT_SIGNER_SERVICE_NET_ACCEPT_LOOP_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/base/thread.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {

// AcceptLoop accepts the connections of a listening socket on its own thread,
// `accept`. When descriptors run out, it leaves connections in the backlog and
// tries again until there are some: gRPC 1.51's listeners never accept again.
//
// Not thread-safe, except that the callback of Start runs on the accepting
// thread.
class AcceptLoop {
 public:
  // New takes a socket that listens and does not block. Fails as
  // base::ErrnoStatus.
  static absl::StatusOr<std::unique_ptr<AcceptLoop>> New(
      base::UniqueFd listening);

  // Stops and closes the socket.
  ~AcceptLoop();

  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;

  // Start hands every new connection, non-blocking and close-on-exec, to
  // `on_connection`. To be called once. Fails with RESOURCE_EXHAUSTED if there
  // is no thread to be had; the callback is then never called.
  absl::Status Start(
      std::function<void(base::UniqueFd connection)> on_connection);

  // Stop ends the thread and leaves connections that are not accepted yet in
  // the backlog. The callback is not called after it returns.
  void Stop();

  // HandOverBacklog stops, and passes the connections of the backlog to the
  // callback, on the calling thread. Without Start it does nothing.
  void HandOverBacklog();

 private:
  AcceptLoop(base::UniqueFd listening, base::UniqueFd wake);

  void AcceptUntilWoken();

  // Accepts a connection, or returns an invalid descriptor and sets errno.
  base::UniqueFd Accept();

  // Waits for a connection. Returns false once the thread is to end.
  bool WaitForConnection();

  const base::UniqueFd listening_;
  const base::UniqueFd
      wake_;  // An eventfd; readable once the thread is to end.
  std::function<void(base::UniqueFd)> on_connection_;
  base::Thread thread_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_ACCEPT_LOOP_H_
