// Serves made-up Prometheus metrics.

#ifndef PROOFMINT_TESTS_BENCH_LOAD_FAKE_METRICS_H_
#define PROOFMINT_TESTS_BENCH_LOAD_FAKE_METRICS_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "signer/base/unique_fd.h"

namespace proofmint::testing {

// FakeMetrics reports n seconds of CPU time and n MB of memory at the nth
// reading.
class FakeMetrics {
 public:
  FakeMetrics() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    bool listening = bind(listener_.get(), generic, size) == 0 &&
                     listen(listener_.get(), 8) == 0 &&
                     getsockname(listener_.get(), generic, &size) == 0;
    ABSL_RAW_CHECK(listening, "FakeMetrics");
    url_ =
        absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port), "/metrics");
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeMetrics() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  const std::string& url() const { return url_; }

 private:
  void Serve() {
    for (int reading = 1;; ++reading) {
      base::UniqueFd connection(accept(listener_.get(), nullptr, nullptr));
      if (connection.get() < 0) return;
      char request[4096];
      if (recv(connection.get(), request, sizeof(request), 0) <= 0) continue;
      const std::string body =
          absl::StrCat("process_cpu_seconds_total ", reading,
                       "\nprocess_resident_memory_bytes ", reading, "000000\n");
      const std::string response = absl::StrCat(
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ",
          body.size(), "\r\n\r\n", body);
      send(connection.get(), response.data(), response.size(), MSG_NOSIGNAL);
    }
  }

  base::UniqueFd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string url_;
  std::thread thread_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_BENCH_LOAD_FAKE_METRICS_H_
