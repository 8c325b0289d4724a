// What the service tells Prometheus. All metric names are here; docs/metrics.md
// explains each. Everything is read when it is asked for: a call pays nothing.

#ifndef PROOFMINT_SIGNER_SERVICE_METRICS_H_
#define PROOFMINT_SIGNER_SERVICE_METRICS_H_

#include <prometheus/collectable.h>

#include <memory>

#include "signer/crypto/kernel.h"
#include "signer/keys/key_pool.h"

namespace proofmint::service {

// Those that every Prometheus client library has.
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

// NewProcessMetrics returns the metrics of this process, whatever it serves.
// What the system does not tell, such as the descriptors when there is none
// left to count them with, is left out. Thread-safe.
std::unique_ptr<prometheus::Collectable> NewProcessMetrics();

// NewKeyMetrics returns the metrics of the build and of `pool`, which must
// outlive them. Thread-safe.
std::unique_ptr<prometheus::Collectable> NewKeyMetrics(
    crypto::Kernel kernel, const keys::KeyPool& pool);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_METRICS_H_
