#include "signer/service/net/accept_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "signer/base/errno_status.h"

namespace proofmint::service {
namespace {

// How long to leave a connection in the backlog when descriptors have run out.
constexpr int kAcceptRetryMilliseconds = 100;

}  // namespace

absl::StatusOr<std::unique_ptr<AcceptLoop>> AcceptLoop::New(
    base::UniqueFd listening) {
  base::UniqueFd wake(eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) {
    return base::ErrnoStatus("listen: eventfd");
  }
  return std::unique_ptr<AcceptLoop>(
      new AcceptLoop(std::move(listening), std::move(wake)));
}

AcceptLoop::AcceptLoop(base::UniqueFd listening, base::UniqueFd wake)
    : listening_(std::move(listening)), wake_(std::move(wake)) {}

AcceptLoop::~AcceptLoop() { Stop(); }

absl::Status AcceptLoop::Start(
    std::function<void(base::UniqueFd)> on_connection) {
  on_connection_ = std::move(on_connection);
  absl::StatusOr<base::Thread> thread =
      base::Thread::Start("accept", [this] { AcceptUntilWoken(); });
  if (!thread.ok()) {
    on_connection_ = nullptr;
    return thread.status();
  }
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void AcceptLoop::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(wake_.get(), 1);
  thread_.Join();
}

void AcceptLoop::HandOverBacklog() {
  Stop();
  if (on_connection_ == nullptr) return;
  for (int i = 0; i < SOMAXCONN; ++i) {
    base::UniqueFd connection = Accept();
    if (!connection.valid()) return;
    on_connection_(std::move(connection));
  }
}

void AcceptLoop::AcceptUntilWoken() {
  while (WaitForConnection()) {
    base::UniqueFd connection = Accept();
    if (connection.valid()) {
      on_connection_(std::move(connection));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
               errno == ENOMEM) {
      // The connection stays ready, so poll() alone would spin.
      pollfd wake = {wake_.get(), POLLIN, 0};
      poll(&wake, 1, kAcceptRetryMilliseconds);
    }
  }
}

base::UniqueFd AcceptLoop::Accept() {
  return base::UniqueFd(accept4(listening_.get(), nullptr, nullptr,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
}

bool AcceptLoop::WaitForConnection() {
  pollfd ready[] = {{listening_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  while (poll(ready, std::size(ready), /*timeout=*/-1) < 0) {
    // Only EINTR can happen here.
  }
  return ready[1].revents == 0;
}

}  // namespace proofmint::service
