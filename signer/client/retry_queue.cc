#include "signer/client/retry_queue.h"

#include <algorithm>
#include <utility>

namespace proofmint::client {

bool RetryQueue::Take(std::unique_ptr<Call>& call, const absl::Status& error,
                      absl::Duration now) {
  const absl::Duration due =
      now + Backoff(options_, call->retries + 1, RetryDelayOf(error), random_);
  if (due >= call->deadline) return false;
  ++call->retries;
  call->error = error;
  heap_.push_back({.due = due, .call = std::move(call)});
  std::push_heap(heap_.begin(), heap_.end());
  return true;
}

std::unique_ptr<Call> RetryQueue::PopDue(absl::Duration now) {
  if (heap_.empty() || heap_.front().due > now) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end());
  std::unique_ptr<Call> call = std::move(heap_.back().call);
  heap_.pop_back();
  return call;
}

}  // namespace proofmint::client
