// Limits the work that the server takes on.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/leaky_buckets.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

struct AdmissionOptions {
  // The most proofs in flight, that is requested and not yet made, of all
  // callers together. At least kMaxBatchSize: a batch of that size would never
  // be admitted otherwise.
  size_t max_in_flight = 4096;
  // Proofs per second for each caller. 0 means no limit.
  double caller_rate = 0;
  // The most proofs that a caller can request at once, after it has requested
  // none for a while. At least kMaxBatchSize.
  double caller_burst = 4096;
};

// Admission decides whether a request is worked on, before any work is done. It
// limits the proofs in flight and the rate of each caller (a leaky bucket).
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
  // CALLER_QUOTA_EXCEEDED and changes nothing. A caller that is refused because
  // of the load keeps its quota. `now` is a time of MonotonicNow.
  absl::StatusOr<Ticket> Admit(absl::string_view caller, size_t proofs,
                               absl::Duration now);

  size_t in_flight() const {
    return in_flight_.load(std::memory_order_relaxed);
  }
  size_t max_in_flight() const { return options_.max_in_flight; }

 private:
  absl::Status TakeQuota(absl::string_view caller, double proofs,
                         absl::Duration now);

  const AdmissionOptions options_;
  std::atomic<size_t> in_flight_ = 0;
  base::Mutex mutex_;
  // The proofs that each caller has requested beyond its rate.
  base::LeakyBuckets requested_ ABSL_GUARDED_BY(mutex_){options_.caller_rate};
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_ADMISSION_H_
