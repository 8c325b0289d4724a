// Serves metrics over HTTP, for Prometheus to scrape.

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
// moment it exists until it is destroyed, HEAD /metrics without the text, for
// probes, and other paths with an error. It has
// three threads, which sleep between scrapes: one accepts connections and two
// answer requests. A client that sends no request occupies one of the two for a
// second. A hostile client can block scrapes, and nothing else.
//
// Not thread-safe.
class MetricsServer {
 public:
  // Start fails with INVALID_ARGUMENT if `address` is not IPv4, which is all
  // that Debian's library supports, and with ALREADY_EXISTS if it cannot be
  // bound. Every scrape collects `sources`, which must be thread-safe.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      const LoopbackAddress& address,
      std::vector<std::shared_ptr<prometheus::Collectable>> sources);

  // Waits for scrapes in progress.
  ~MetricsServer();

  // Returns the listening address, such as "127.0.0.1:9464", with the port that
  // the system chose for 0.
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
