// The HTTP port that Prometheus scrapes.

#ifndef PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_SERVER_H_
#define PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_SERVER_H_

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "signer/service/net/listen_address.h"

namespace proofmint::service {

// MetricsServer answers GET /metrics in Prometheus's text format from the
// moment it exists until it is destroyed, and other paths with an error. Its
// threads sleep between scrapes. A client that says nothing keeps one of two
// threads for a second; one that means harm can keep scrapes out, and nothing
// else.
//
// Not thread-safe.
class MetricsServer {
 public:
  // Start fails with INVALID_ARGUMENT if `address` is not IPv4 (Debian's
  // library knows no other) and with ALREADY_EXISTS if it cannot be bound.
  // `sources`, which must be thread-safe, are asked at every scrape.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      const LoopbackAddress& address,
      std::vector<std::shared_ptr<prometheus::Collectable>> sources);

  // Waits for scrapes in progress.
  ~MetricsServer();

  // Where it listens, such as "127.0.0.1:9464", with the port that was chosen
  // for 0.
  std::string address() const;

 private:
  MetricsServer(std::string host,
                std::vector<std::shared_ptr<prometheus::Collectable>> sources);

  const std::string host_;
  int port_ = 0;
  const std::vector<std::shared_ptr<prometheus::Collectable>> sources_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_SERVER_H_
