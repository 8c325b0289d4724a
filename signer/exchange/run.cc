#include "signer/exchange/run.h"

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "signer/base/clock.h"
#include "signer/base/mutex.h"

namespace proofmint {
namespace {

constexpr char kNotSentPayload[] = "proofmint/not_sent";

// Waits for one proof. The callback of a ProofSource comes exactly once, so the
// state can live on the stack of the thread that waits.
absl::StatusOr<Proof> WaitForProof(ProofSource& source, ProofRequest request,
                                   absl::Time deadline) {
  struct State {
    base::Mutex mutex;
    base::ConditionVariable changed;
    std::optional<absl::StatusOr<Proof>> proof ABSL_GUARDED_BY(mutex);
  } state;
  source.SignProof(std::move(request), deadline,
                   [&state](absl::StatusOr<Proof> proof) {
                     base::MutexLock lock(state.mutex);
                     state.proof = std::move(proof);
                     // With the lock: the waiting thread then ends the state.
                     state.changed.NotifyAll();
                   });
  base::MutexLock lock(state.mutex);
  while (!state.proof.has_value()) state.changed.Wait(state.mutex);
  return *std::move(state.proof);
}

}  // namespace

absl::Status NotSentError(absl::string_view message) {
  absl::Status error = absl::UnavailableError(message);
  error.SetPayload(kNotSentPayload, absl::Cord());
  return error;
}

const Outcome& Run(
    Exchange& exchange, ProofSource& source, absl::Time deadline,
    absl::FunctionRef<absl::StatusOr<HttpAnswer>(const Exchange::Attempt&)>
        send) {
  while (exchange.next() != Exchange::Next::kDone) {
    const absl::Duration start = base::MonotonicNow();
    if (exchange.next() == Exchange::Next::kSign) {
      absl::StatusOr<Proof> proof =
          WaitForProof(source, exchange.proof_request(), deadline);
      exchange.OnProof(std::move(proof), base::MonotonicNow() - start);
      continue;
    }
    const absl::StatusOr<HttpAnswer> answer = send(exchange.attempt());
    if (answer.ok()) {
      exchange.OnAnswer(*answer);
    } else {
      const bool sent =
          !answer.status().GetPayload(kNotSentPayload).has_value();
      exchange.OnTransportError(answer.status(), sent,
                                base::MonotonicNow() - start);
    }
  }
  return exchange.outcome();
}

}  // namespace proofmint
