// Decides which failures of the signer are worth another attempt, when it may
// be made, and whether so many retries are healthy. Pure: it has no clock and
// no random numbers of its own.

#ifndef PROOFMINT_SIGNER_CLIENT_RETRY_POLICY_H_
#define PROOFMINT_SIGNER_CLIENT_RETRY_POLICY_H_

#include <optional>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace proofmint {

// RetryOptions sets how the delay grows from one retry of a call to the next.
// There is no limit of attempts: the deadline of the call and the RetryBudget
// end them.
struct RetryOptions {
  absl::Duration initial_backoff = absl::Milliseconds(50);  // positive
  absl::Duration max_backoff = absl::Milliseconds(500);  // ≥ initial_backoff
  double multiplier = 2;                                 // at least 1
};

// IsTransient returns whether a call that failed with `status` may succeed if
// it is made again (docs/errors.md): UNAVAILABLE; CANCELLED, which gRPC reports
// when a connection was lost during the call; RESOURCE_EXHAUSTED with a
// RetryInfo, a quota. It must be an error that came from the signer or from
// gRPC. Thread-safe.
bool IsTransient(const absl::Status& status);

// Backoff returns how long to wait before retry number `retry` of a call,
// counted from 1: the delay of the RetryInfo, if the signer sent one, and a
// random time on top of it, so that calls that failed together do not come back
// together. The random time is uniform between zero and
// initial_backoff * multiplier^(retry - 1), at most max_backoff ("full
// jitter"). Thread-safe if `random` is not shared.
absl::Duration Backoff(const RetryOptions& options, int retry,
                       std::optional<absl::Duration> retry_info,
                       absl::BitGenRef random);

// RetryBudget keeps retries from multiplying the load of a signer that fails
// for a long time. It is the token bucket of gRPC's retryThrottling (gRFC A6)
// with the values of deploy/service_config.json: it holds kMaxTokens at first
// and at most; each proof adds one and each transient failure takes one, and
// retries are allowed while more than half are left. An RPC that fails as a
// whole is one failure, so a restart takes a few tokens only.
//
// Not thread-safe.
class RetryBudget {
 public:
  static constexpr int kMaxTokens = 1000;

  // Takes a token for a transient failure, and returns whether it may be
  // retried.
  bool TryRetry();

  void RecordSuccess();

 private:
  int tokens_ = kMaxTokens;
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_CLIENT_RETRY_POLICY_H_
