// Coalescer joins single calls into batches and retries them one by one.

#ifndef PROOFMINT_SIGNER_CLIENT_COALESCER_H_
#define PROOFMINT_SIGNER_CLIENT_COALESCER_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"
#include "signer/client/batch_pacing.h"
#include "signer/client/batch_transport.h"
#include "signer/client/call.h"
#include "signer/client/retry_policy.h"
#include "signer/client/retry_queue.h"
#include "signer/client/signer_client_stats.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::client {

// CoalescerOptions are those of SignerClientOptions, already checked.
struct CoalescerOptions {
  absl::Duration max_batch_delay;
  size_t max_batch_size;
  size_t max_batches_in_flight;
  size_t max_queued;
  RetryOptions retry;
};

// Coalescer queues calls. A batch leaves the queue as soon as its time has come
// (BatchPacing), and then on the thread that notices it first, because waking
// another costs more than sending:
//   - the caller's, in Add, if the time of the next batch has passed already,
//     as it has while calls are rare, or if the batch is large enough;
//   - the thread of the transport, when a batch has returned and others waited
//     for it;
//   - the dispatcher otherwise. It also ends calls at their deadlines and puts
//     calls back into the queue after their backoff.
//
// When the signer refuses a whole batch and says for how long (RetryInfo), as
// when it drains or the caller's quota is used up, nothing is sent until then
// or until another batch succeeds. So calls that are made meanwhile wait,
// instead of failing too.
//
// One lock guards all calls that have no result yet. Callbacks run without it:
// on the thread of the transport with results, on the dispatcher at a deadline.
//
// Thread-safe, except for the destructor.
class Coalescer {
 public:
  // Fails with RESOURCE_EXHAUSTED if the system has no thread to give.
  static absl::StatusOr<std::unique_ptr<Coalescer>> Start(
      const CoalescerOptions& options,
      std::unique_ptr<BatchTransport> transport);

  // Ends all calls with CANCELLED and returns when every callback has.
  ~Coalescer();

  Coalescer(const Coalescer&) = delete;
  Coalescer& operator=(const Coalescer&) = delete;

  // Queues a call that ends in `timeout`, at the latest, with a call of `done`.
  // The call fails at once, on this thread, if the timeout is not positive or
  // the queue is full.
  void Add(ProofRequest request, absl::Duration timeout,
           ProofSource::Callback done);

  SignerClientStats stats() const;

 private:
  using Calls = std::vector<std::unique_ptr<Call>>;

  struct Batch {
    Calls calls;
    v1::BatchSignProofsRequest request;
    std::vector<absl::StatusOr<Proof>> results;
  };

  // Callbacks are run without the lock, which is taken to collect them.
  using Ended = std::vector<std::pair<ProofSource::Callback, absl::Status>>;

  Coalescer(const CoalescerOptions& options,
            std::unique_ptr<BatchTransport> transport);

  // Runs the dispatcher.
  void Dispatch();

  // Takes a batch from the queue if one should leave now; otherwise returns
  // nothing, and the dispatcher or the end of a batch will see to the queue.
  // The caller must Send it, without the lock.
  Batch* TakeBatchIfDue(absl::Duration now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(Batch* batch, absl::Duration now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Receives the results of a batch.
  void Receive(Batch* batch, const absl::Status& status,
               v1::BatchSignProofsResponse& response)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Notes the outcome of `batch`, and takes from it the calls that are to be
  // retried.
  void CountAndRetry(Batch& batch, const absl::Status& status,
                     absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Whether the budget allows to retry what failed with `error`.
  bool MayRetry(const absl::Status& error)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Ends the calls whose deadline has passed.
  void TakeExpired(absl::Duration now, Ended& ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Ends `call`, which has not ended; its callback goes to `ended`.
  void TakeEnded(Call& call, absl::Status error, absl::Duration now,
                 Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Counts the end of `call`, which was queued.
  void CountEnd(const Call& call, const absl::Status& status,
                absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Lets the dispatcher look again at `time`, at the latest.
  void WakeDispatcherAt(absl::Duration time)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CoalescerOptions options_;
  std::unique_ptr<BatchTransport> transport_;

  mutable base::Mutex mutex_;
  base::ConditionVariable wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Calls that wait to be sent. None has ended.
  std::deque<std::unique_ptr<Call>> queue_ ABSL_GUARDED_BY(mutex_);
  RetryQueue retries_ ABSL_GUARDED_BY(mutex_);
  std::vector<Batch*> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Batch>> idle_batches_ ABSL_GUARDED_BY(mutex_);
  BatchPacing pacing_ ABSL_GUARDED_BY(mutex_);
  // Until then the next batch waits for more calls.
  absl::Duration next_batch_ ABSL_GUARDED_BY(mutex_);
  // Until then nothing is sent, because the signer asked for it.
  absl::Duration hold_ ABSL_GUARDED_BY(mutex_);
  // No call ends at a deadline before this time.
  absl::Duration next_deadline_ ABSL_GUARDED_BY(mutex_) =
      absl::InfiniteDuration();
  // When the dispatcher will look again; the past while it is not waiting.
  absl::Duration dispatcher_wakes_ ABSL_GUARDED_BY(mutex_);
  RetryBudget budget_ ABSL_GUARDED_BY(mutex_);
  SignerClientStats stats_ ABSL_GUARDED_BY(mutex_);

  base::Thread dispatcher_;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_COALESCER_H_
