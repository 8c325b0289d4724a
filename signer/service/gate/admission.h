// How much work is taken on.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

struct AdmissionOptions {
  // Proofs that are asked for and not yet made, of all callers together.
  // At least a batch of kMaxBatchSize, or one such batch is never admitted.
  size_t max_in_flight = 4096;
  // Proofs a second for each caller; 0: no limit.
  double caller_rate = 0;
  // Proofs that a caller who was quiet may ask for at once. At least a batch.
  double caller_burst = 4096;
};

// Admission says before any work is done whether it is to be done.
//
// Thread-safe. Takes no lock unless callers have a rate.
class Admission {
 public:
  explicit Admission(const AdmissionOptions& options) : options_(options) {}

  // Ticket stands for proofs that have been admitted. They count as in flight
  // until it is released or destroyed. The Admission must outlive it. Not
  // thread-safe, but may be released on any thread.
  class Ticket {
   public:
    Ticket() = default;  // for no proofs
    ~Ticket() { Release(); }
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept {
      Release();
      admission_ = std::exchange(other.admission_, nullptr);
      proofs_ = other.proofs_;
      return *this;
    }

    // Does nothing the second time.
    void Release() {
      if (admission_ == nullptr) return;
      admission_->in_flight_.fetch_sub(proofs_, std::memory_order_relaxed);
      admission_ = nullptr;
    }

   private:
    friend class Admission;
    Ticket(Admission& admission, size_t proofs)
        : admission_(&admission), proofs_(proofs) {}

    Admission* admission_ = nullptr;
    size_t proofs_ = 0;
  };

  // Admit counts `proofs` as in flight, for as long as the ticket lives, and
  // takes them from the caller's quota; or returns OVERLOADED or
  // CALLER_QUOTA_EXCEEDED and changes nothing. A caller who is refused for the
  // load keeps its quota. `now` is a time of MonotonicNow.
  absl::StatusOr<Ticket> Admit(absl::string_view caller, size_t proofs,
                               absl::Duration now);

  size_t in_flight() const {
    return in_flight_.load(std::memory_order_relaxed);
  }
  size_t max_in_flight() const { return options_.max_in_flight; }

 private:
  // What a caller may ask for now; grows by caller_rate a second up to
  // caller_burst.
  struct Bucket {
    double tokens;
    absl::Duration filled;  // when `tokens` was right
  };

  // Beyond this number buckets that are full again are forgotten: a caller
  // without a bucket has a full one.
  static constexpr size_t kMaxIdleBuckets = 1024;

  absl::Status TakeQuota(absl::string_view caller, double proofs,
                         absl::Duration now);
  double TokensAt(const Bucket& bucket, absl::Duration now) const;

  const AdmissionOptions options_;
  std::atomic<size_t> in_flight_ = 0;
  base::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
  size_t forget_at_ ABSL_GUARDED_BY(mutex_) = kMaxIdleBuckets;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_
