#include "tests/tools/doctor/canned_http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace proofmint::testing {
namespace {

// Tells whether `request` has all of its headers and of its body.
bool IsComplete(absl::string_view request) {
  const size_t end = request.find("\r\n\r\n");
  if (end == absl::string_view::npos) return false;
  size_t body_size = 0;
  for (absl::string_view line :
       absl::StrSplit(request.substr(0, end), "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (absl::EqualsIgnoreCase(header.first, "Content-Length")) {
      ABSL_RAW_CHECK(absl::SimpleAtoi(header.second, &body_size),
                     "Content-Length");
    }
  }
  return request.size() - end - 4 >= body_size;
}

}  // namespace

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
  Stop();
  thread_.join();
}

void CannedHttpServer::SetAnswer(std::string answer) {
  base::MutexLock lock(mutex_);
  answer_ = std::move(answer);
}

void CannedHttpServer::Stop() {
  // Ends accept().
  shutdown(listener_.get(), SHUT_RDWR);
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
    while (!IsComplete(request)) {
      const ssize_t size = read(connection.get(), buffer, sizeof(buffer));
      if (size <= 0) break;
      request.append(buffer, static_cast<size_t>(size));
    }
    std::string answer;
    {
      base::MutexLock lock(mutex_);
      answer = answer_;
      requests_.push_back(std::move(request));
    }
    // A client that has enough closes early.
    size_t sent = 0;
    while (sent < answer.size()) {
      const ssize_t size = send(connection.get(), answer.data() + sent,
                                answer.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) break;
      sent += static_cast<size_t>(size);
    }
    shutdown(connection.get(), SHUT_WR);
  }
}

}  // namespace proofmint::testing
