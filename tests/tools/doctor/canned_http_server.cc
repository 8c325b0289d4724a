#include "tests/tools/doctor/canned_http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace proofmint::testing {

CannedHttpServer::CannedHttpServer(std::string answer)
    : answer_(std::move(answer)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool listening =
      bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
           sizeof(address)) == 0 &&
      listen(listener_.get(), 16) == 0;
  ABSL_RAW_CHECK(listening, "listen");
  thread_ = std::thread([this] { Serve(); });
}

CannedHttpServer::~CannedHttpServer() {
  // Ends accept().
  shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string CannedHttpServer::url() const {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port));
}

std::vector<std::string> CannedHttpServer::requests() const {
  base::MutexLock lock(mutex_);
  return requests_;
}

void CannedHttpServer::Serve() {
  for (;;) {
    base::UniqueFd connection(
        accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) return;
    std::string request;
    char buffer[4096];
    while (!absl::StrContains(request, "\r\n\r\n")) {
      const ssize_t size = read(connection.get(), buffer, sizeof(buffer));
      if (size <= 0) break;
      request.append(buffer, static_cast<size_t>(size));
    }
    {
      base::MutexLock lock(mutex_);
      requests_.push_back(std::move(request));
    }
    // A client that has enough closes early.
    size_t sent = 0;
    while (sent < answer_.size()) {
      const ssize_t size = send(connection.get(), answer_.data() + sent,
                                answer_.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) break;
      sent += static_cast<size_t>(size);
    }
    shutdown(connection.get(), SHUT_WR);
  }
}

}  // namespace proofmint::testing
