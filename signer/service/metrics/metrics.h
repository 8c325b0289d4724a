// Defines the metrics of the service for Prometheus. All metric names are here;
// docs/metrics.md explains each. Values are read at each scrape, so that a call
// costs the same with and without metrics.

#ifndef PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_H_
#define PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_H_

#include <prometheus/collectable.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"
#include "signer/service/gate/admission.h"
#include "signer/service/gate/serving_state.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/net/connection_limits.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/observe/audit_log.h"
#include "signer/service/observe/call_stats.h"
#include "signer/service/observe/connection_record.h"
#include "signer/service/observe/reloader.h"

namespace proofmint::service {

// The metrics that every Prometheus client library has.
inline constexpr char kProcessCpuSeconds[] = "process_cpu_seconds_total";
inline constexpr char kProcessResidentMemory[] =
    "process_resident_memory_bytes";
inline constexpr char kProcessOpenFds[] = "process_open_fds";
inline constexpr char kProcessStartTime[] = "process_start_time_seconds";

inline constexpr char kBuildInfo[] = "proofmint_build_info";
inline constexpr char kKeyPoolKeys[] = "proofmint_key_pool_keys";
inline constexpr char kKeyPoolCapacity[] = "proofmint_key_pool_capacity";
inline constexpr char kKeyPoolMemoryLocked[] =
    "proofmint_key_pool_memory_locked";
inline constexpr char kKeysTaken[] = "proofmint_keys_taken_total";

inline constexpr char kServing[] = "proofmint_serving";
inline constexpr char kCalls[] = "proofmint_calls_total";
inline constexpr char kProofs[] = "proofmint_proofs_total";
inline constexpr char kErrors[] = "proofmint_errors_total";
inline constexpr char kQueueSeconds[] = "proofmint_queue_seconds";
inline constexpr char kExecutionSeconds[] = "proofmint_execution_seconds";
inline constexpr char kInFlightProofs[] = "proofmint_in_flight_proofs";
inline constexpr char kMaxInFlightProofs[] = "proofmint_max_in_flight_proofs";
inline constexpr char kUnreadAnswerBytes[] = "proofmint_unread_answer_bytes";
inline constexpr char kConnections[] = "proofmint_connections";
inline constexpr char kConnectionsClosed[] =
    "proofmint_connections_closed_total";
inline constexpr char kConnectionsRefused[] =
    "proofmint_connections_refused_total";
inline constexpr char kSelfChecks[] = "proofmint_self_checks_total";
inline constexpr char kReloads[] = "proofmint_reloads_total";
inline constexpr char kTlsHandshakeFailures[] =
    "proofmint_tls_handshake_failures_total";
inline constexpr char kTlsCertificateExpiry[] =
    "proofmint_tls_certificate_expiry_timestamp_seconds";
inline constexpr char kAuditDropped[] = "proofmint_audit_dropped_total";
inline constexpr char kLogDropped[] = "proofmint_log_dropped_total";

// NewProcessMetrics returns the metrics of this process. A value that the
// system does not provide is left out, such as the open descriptors when no
// descriptor is left to count them with. Thread-safe.
std::unique_ptr<prometheus::Collectable> NewProcessMetrics();

// NewKeyMetrics returns the metrics of the build and of `pool`, which must
// outlive the result. Thread-safe.
std::unique_ptr<prometheus::Collectable> NewKeyMetrics(
    crypto::Kernel kernel, const keys::KeyPool& pool);

// SelfCheckCounts counts self-checks by their result. One thread adds, any
// reads.
struct SelfCheckCounts {
  std::atomic<uint64_t> ok = 0;
  std::atomic<uint64_t> errors = 0;
};

// ServiceMetricSources names the objects that the metrics of the service read.
// All are thread-safe and outlive the metrics.
struct ServiceMetricSources {
  const std::vector<CallStats>& calls;
  const ServingState& state;
  const Admission& admission;
  const UnreadAnswers& unread_answers;
  const ConnectionRecord& connections;
  const ConnectionLimits& connection_limits;
  const SelfCheckCounts& self_checks;
  std::vector<Reloader*> reloaders;
  const AuditLog* audit_log;  // may be null
  const TlsCredentials* tls;  // may be null
};

// NewServiceMetrics returns the metrics of calls, admission, self-checks and
// reloads. Thread-safe.
std::unique_ptr<prometheus::Collectable> NewServiceMetrics(
    const ServiceMetricSources& sources);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_METRICS_METRICS_H_
