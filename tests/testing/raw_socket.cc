#include "tests/testing/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"

namespace proofmint::testing {
namespace {

sockaddr_un Address(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::copy_n(path.data(), std::min(path.size(), sizeof(address.sun_path) - 1),
              address.sun_path);
  return address;
}

}  // namespace

UniqueFd ConnectUnix(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = Address(path);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) != 0) {
    return UniqueFd();
  }
  return fd;
}

UniqueFd ConnectTcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  if (colon == std::string::npos ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &name.sin_addr) !=
          1 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
    return UniqueFd();
  }
  name.sin_port = htons(static_cast<uint16_t>(port));
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)) !=
      0) {
    return UniqueFd();
  }
  return fd;
}

UniqueFd BindUnix(const std::string& path, int type, int backlog) {
  UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address = Address(path);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
          0 ||
      (type == SOCK_STREAM && listen(fd.get(), backlog) != 0)) {
    return UniqueFd();
  }
  return fd;
}

void Send(const UniqueFd& socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void FinishSending(const UniqueFd& socket) { shutdown(socket.get(), SHUT_WR); }

bool ReadUntilClosed(const UniqueFd& socket, absl::Duration limit,
                     std::string& received) {
  absl::Time deadline = absl::Now() + limit;
  while (WaitReadable(socket, deadline - absl::Now())) {
    char buffer[4096];
    ssize_t got = recv(socket.get(), buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;  // The peer closed or reset it.
    received.append(buffer, static_cast<size_t>(got));
  }
  return false;
}

bool WaitReadable(const UniqueFd& socket, absl::Duration limit) {
  absl::Time deadline = absl::Now() + limit;
  for (;;) {
    absl::Duration left =
        std::max(deadline - absl::Now(), absl::ZeroDuration());
    pollfd ready = {socket.get(), POLLIN, 0};
    int count =
        poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(left)));
    if (count >= 0 || errno != EINTR) return count > 0;
  }
}

}  // namespace proofmint::testing
