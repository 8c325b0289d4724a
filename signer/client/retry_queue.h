// Holds the calls that wait for their retry.

#ifndef PROOFMINT_SIGNER_CLIENT_RETRY_QUEUE_H_
#define PROOFMINT_SIGNER_CLIENT_RETRY_QUEUE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/client/call.h"
#include "signer/client/retry_policy.h"

namespace proofmint::client {

// RetryQueue applies the retry policy to calls, and gives them back when their
// backoff is over. Not thread-safe.
class RetryQueue {
 public:
  explicit RetryQueue(const RetryOptions& options) : options_(options) {}

  // Takes `call`, which failed with the transient `error`, to be retried later.
  // Returns false, and leaves the call, if its deadline passes before that: so
  // no call passes its deadline here.
  bool Take(std::unique_ptr<Call>& call, const absl::Status& error,
            absl::Duration now);

  // Returns a call whose time has come, or nothing.
  std::unique_ptr<Call> PopDue(absl::Duration now);

  // When the next call is due; infinity if there is none.
  absl::Duration next_due() const {
    return heap_.empty() ? absl::InfiniteDuration() : heap_.front().due;
  }

  size_t size() const { return heap_.size(); }

 private:
  struct Retry {
    absl::Duration due;
    std::unique_ptr<Call> call;
    // Puts what is due first on the top of the heap.
    bool operator<(const Retry& other) const { return due > other.due; }
  };

  const RetryOptions options_;
  absl::InsecureBitGen random_;
  std::vector<Retry> heap_;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_RETRY_QUEUE_H_
