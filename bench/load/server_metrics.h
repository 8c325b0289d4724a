// What a server's Prometheus metrics tell of its CPU time and memory.

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

// ParseMetrics reads the Prometheus text format. NOT_FOUND names the metric
// that is missing; INVALID_ARGUMENT a value that is no number.
absl::StatusOr<ServerSample> ParseMetrics(absl::string_view text);

// MetricsReader reads from one URL. Not thread-safe.
class MetricsReader {
 public:
  explicit MetricsReader(const std::string& url);
  ~MetricsReader();
  MetricsReader(const MetricsReader&) = delete;
  MetricsReader& operator=(const MetricsReader&) = delete;

  // Takes at most half a second. UNAVAILABLE if the server cannot be asked, or
  // an error of ParseMetrics.
  absl::StatusOr<ServerSample> Read();

 private:
  const std::string url_;
  void* const curl_;  // kept between reads for its connection
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_SERVER_METRICS_H_
