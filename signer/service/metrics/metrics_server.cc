#include "signer/service/metrics/metrics_server.h"

#include <CivetServer.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/thread.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {
namespace {

// Threads that answer scrapes, and how long a client that sends no request may
// occupy one.
constexpr int kThreads = 2;
constexpr absl::Duration kRequestLimit = absl::Seconds(1);

constexpr absl::Duration kKnockInterval = absl::Milliseconds(5);

// Connects to a port of this host and closes the connection. Never blocks.
void Knock(const std::string& host, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  base::UniqueFd connection(
      socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  std::ignore = connect(connection.get(), reinterpret_cast<sockaddr*>(&address),
                        sizeof(address));
}

// Answers HEAD /metrics, for which the library has no handler, and returns the
// status; 0 leaves the request to the library.
int AnswerHead(mg_connection* connection) {
  const mg_request_info& request = *mg_get_request_info(connection);
  if (absl::string_view(request.request_method) != "HEAD" ||
      absl::string_view(request.local_uri) != "/metrics") {
    return 0;
  }
  mg_printf(connection,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Connection: close\r\n\r\n");
  return 200;
}

CivetCallbacks Callbacks() {
  CivetCallbacks callbacks;
  callbacks.begin_request = AnswerHead;
  return callbacks;
}

}  // namespace

MetricsServer::MetricsServer(
    std::string host,
    std::vector<std::shared_ptr<prometheus::Collectable>> sources)
    : host_(std::move(host)), sources_(std::move(sources)) {}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    const LoopbackAddress& address,
    std::vector<std::shared_ptr<prometheus::Collectable>> sources) {
  const std::string& host_port = address.host_port;
  if (absl::StartsWith(host_port, "[")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metrics_listen: got ", host_port, ", want an IPv4 address"));
  }
  std::unique_ptr<MetricsServer> server(new MetricsServer(
      host_port.substr(0, host_port.rfind(':')), std::move(sources)));
  const CivetCallbacks callbacks = Callbacks();
  try {  // The library throws.
    server->exposer_ = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{
            "listening_ports", host_port, "num_threads", absl::StrCat(kThreads),
            "request_timeout_ms",
            absl::StrCat(absl::ToInt64Milliseconds(kRequestLimit))},
        &callbacks);
    for (const auto& source : server->sources_) {
      server->exposer_->RegisterCollectable(source);
    }
    server->port_ = server->exposer_->GetListeningPorts().at(0);
  } catch (const std::exception&) {
    return absl::AlreadyExistsError(
        absl::StrCat("metrics_listen: got ", host_port,
                     ", which cannot be bound, want a free port of this host"));
  }
  return server;
}

// ~Exposer waits for the library's accepting thread, which checks whether it is
// to stop only every two seconds and after each connection. Connections from
// another thread make it check at once.
MetricsServer::~MetricsServer() {
  std::atomic<bool> stopped = false;
  // Without the thread the wait is longer, and no more.
  absl::StatusOr<base::Thread> knocking =
      base::Thread::Start("metrics-stop", [&] {
        while (!stopped) {
          Knock(host_, port_);
          absl::SleepFor(kKnockInterval);
        }
      });
  exposer_ = nullptr;
  stopped = true;
  if (knocking.ok()) knocking->Join();
}

std::string MetricsServer::address() const {
  return absl::StrCat(host_, ":", port_);
}

}  // namespace proofmint::service
