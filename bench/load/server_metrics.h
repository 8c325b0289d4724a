// Reads a server's CPU time and memory from its Prometheus metrics.

#ifndef PROOFMINT_BENCH_LOAD_SERVER_METRICS_H_
#define PROOFMINT_BENCH_LOAD_SERVER_METRICS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::load {

// ServerSample is the server's state at one moment.
struct ServerSample {
  double cpu_seconds;     // process_cpu_seconds_total
  double resident_bytes;  // process_resident_memory_bytes
};

// ParseMetrics reads the Prometheus text format. Fails with NOT_FOUND, naming
// the metric that is missing, or with INVALID_ARGUMENT if a value is not a
// number.
absl::StatusOr<ServerSample> ParseMetrics(absl::string_view text);

// MetricsReader reads from one URL. Not thread-safe.
class MetricsReader {
 public:
  explicit MetricsReader(const std::string& url);
  ~MetricsReader();
  MetricsReader(const MetricsReader&) = delete;
  MetricsReader& operator=(const MetricsReader&) = delete;

  // Reads the metrics within half a second. Fails with UNAVAILABLE if the
  // server cannot be reached, or with an error of ParseMetrics.
  absl::StatusOr<ServerSample> Read();

 private:
  const std::string url_;
  void* const curl_;  // kept between reads, to reuse its connection
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_SERVER_METRICS_H_
