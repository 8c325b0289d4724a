#include "tests/reliability/broker.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace proofmint::reliability {
namespace {

constexpr absl::Duration kLongestSleep = absl::Milliseconds(20);

// Returns a request for ES256 or Ed25519, in turn, with a nonce that no other
// request of the run has.
v1::SignProofRequest NewRequest(int64_t call, int item) {
  v1::SignProofRequest request;
  request.set_algorithm((call + item) % 2 == 0 ? v1::ALGORITHM_ES256
                                               : v1::ALGORITHM_ED25519);
  request.set_htm("POST");
  request.set_htu("https://idp.example/realms/reliability/token");
  request.set_nonce(absl::StrCat("call-", call, "-", item));
  return request;
}

}  // namespace

Broker::Broker(const BrokerOptions& options,
               const std::vector<std::shared_ptr<grpc::Channel>>& channels)
    : options_(options) {
  for (const std::shared_ptr<grpc::Channel>& channel : channels) {
    stubs_.push_back(v1::ProofSigner::NewStub(channel));
  }
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back(
        [this, i] { Run(*stubs_[i % stubs_.size()], /*thread=*/i); });
  }
}

void Broker::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Broker::Counts Broker::TakeCounts() {
  base::MutexLock lock(mutex_);
  return std::move(counts_);
}

bool Broker::stopping() const {
  base::MutexLock lock(mutex_);
  return stopping_;
}

void Broker::SleepUntil(absl::Time time) {
  for (absl::Time now = absl::Now(); now < time && !stopping();
       now = absl::Now()) {
    absl::SleepFor(std::min(time - now, kLongestSleep));
  }
}

void Broker::Run(v1::ProofSigner::Stub& stub, int thread) {
  const absl::Duration interval =
      options_.rate > 0 ? absl::Seconds(options_.threads / options_.rate)
                        : absl::ZeroDuration();
  absl::Time due = absl::Now() + interval * thread / options_.threads;
  int64_t number = thread;
  do {
    SleepUntil(due);
    Call(stub, number);
    number += options_.threads;
    // Calls that were due while a slow call was in flight are skipped.
    due = std::max(due + interval, absl::Now() - interval);
  } while (!stopping());
}

void Broker::Call(v1::ProofSigner::Stub& stub, int64_t number) {
  std::vector<v1::SignProofRequest> requests;
  for (int i = 0; i < options_.batch; ++i) {
    requests.push_back(NewRequest(number, i));
  }
  const absl::Time start = absl::Now();
  const absl::Time deadline = start + options_.deadline;
  Failure failure = Ask(stub, deadline, requests);
  for (int i = 0; i < options_.repeats && !requests.empty() &&
                  failure.retry_delay.has_value() &&
                  absl::Now() + *failure.retry_delay < deadline;
       ++i) {
    absl::SleepFor(*failure.retry_delay);
    {
      base::MutexLock lock(mutex_);
      ++counts_.repeats;
    }
    failure = Ask(stub, deadline, requests);
  }
  base::MutexLock lock(mutex_);
  ++counts_.calls;
  if (requests.empty()) {
    counts_.latency.Record(absl::ToInt64Nanoseconds(absl::Now() - start));
  } else {
    ++counts_.failed_calls;
    if (counts_.first_failure.empty()) {
      counts_.first_failure = absl::StrCat(failure.name, ": ", failure.message);
    }
  }
}

Failure Broker::Ask(v1::ProofSigner::Stub& stub, absl::Time deadline,
                    std::vector<v1::SignProofRequest>& requests) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  if (options_.batch > 1) return AskBatch(stub, context, requests);
  v1::SignProofResponse response;
  grpc::Status status = stub.SignProof(&context, requests[0], &response);
  if (!status.ok()) {
    Failure failure = DescribeCall(status, context);
    CountFailure(failure);
    return failure;
  }
  proofs_.Check(requests[0], response, absl::Now());
  requests.clear();
  return Failure();
}

Failure Broker::AskBatch(v1::ProofSigner::Stub& stub,
                         grpc::ClientContext& context,
                         std::vector<v1::SignProofRequest>& requests) {
  v1::BatchSignProofsRequest batch;
  batch.mutable_requests()->Assign(requests.begin(), requests.end());
  v1::BatchSignProofsResponse response;
  grpc::Status status = stub.BatchSignProofs(&context, batch, &response);
  if (!status.ok()) {
    Failure failure = DescribeCall(status, context);
    CountFailure(failure);
    return failure;
  }
  const absl::Time now = absl::Now();
  Failure last;
  std::vector<v1::SignProofRequest> failed;
  for (int i = 0; i < batch.requests_size(); ++i) {
    if (i < response.results_size() && response.results(i).has_error()) {
      last = DescribeItem(response.results(i).error());
      CountFailure(last);
      failed.push_back(batch.requests(i));
    } else {
      // A missing result counts as a wrong proof.
      proofs_.Check(batch.requests(i),
                    i < response.results_size() ? response.results(i).proof()
                                                : v1::SignProofResponse(),
                    now);
    }
  }
  requests = std::move(failed);
  return last;
}

void Broker::CountFailure(const Failure& failure) {
  base::MutexLock lock(mutex_);
  ++counts_.failures[failure.name];
  if (!failure.labelled) ++counts_.unlabelled;
}

}  // namespace proofmint::reliability
