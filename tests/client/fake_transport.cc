#include "tests/client/fake_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/clock.h"
#include "signer/service/contract/error_details.h"

namespace proofmint::testing {

ProofRequest RequestNamed(const std::string& name) {
  return {.htm = "POST", .htu = "https://idp.example/token", .nonce = name};
}

v1::SignProofResult ProofFor(const v1::SignProofRequest& request) {
  v1::SignProofResult result;
  result.mutable_proof()->set_proof(absl::StrCat("proof of ", request.nonce()));
  return result;
}

v1::SignProofResult ErrorResult(const absl::Status& error) {
  v1::SignProofResult result;
  *result.mutable_error() = service::ToRpcStatus(error);
  return result;
}

std::vector<std::string> FakeTransport::Batch::names() const {
  std::vector<std::string> names;
  for (const v1::SignProofRequest& one : request.requests()) {
    names.push_back(one.nonce());
  }
  return names;
}

void FakeTransport::Batch::Succeed() {
  std::vector<v1::SignProofResult> results;
  for (const v1::SignProofRequest& one : request.requests()) {
    results.push_back(ProofFor(one));
  }
  Answer(std::move(results));
}

void FakeTransport::Batch::Fail(const absl::Status& error) {
  v1::BatchSignProofsResponse empty;
  done(error, empty);
}

void FakeTransport::Batch::Answer(std::vector<v1::SignProofResult> results) {
  v1::BatchSignProofsResponse response;
  response.mutable_results()->Assign(results.begin(), results.end());
  done(absl::OkStatus(), response);
}

FakeTransport::~FakeTransport() {
  base::MutexLock lock(mutex_);
  while (unended_ > 0) changed_.Wait(mutex_);
}

void FakeTransport::Send(const v1::BatchSignProofsRequest& request,
                         absl::Duration timeout, Done done) {
  Batch batch = {
      request, timeout,
      [this, done = std::move(done)](const absl::Status& status,
                                     v1::BatchSignProofsResponse& response) {
        done(status, response);
        base::MutexLock lock(mutex_);
        --unended_;
        changed_.NotifyAll();
      }};
  {
    base::MutexLock lock(mutex_);
    ++unended_;
    if (!cancelled_) {
      batches_.push_back(std::move(batch));
      changed_.NotifyAll();
      return;
    }
  }
  batch.Fail(absl::CancelledError("transport"));
}

void FakeTransport::CancelAll() {
  std::deque<Batch> batches;
  {
    base::MutexLock lock(mutex_);
    cancelled_ = true;
    batches.swap(batches_);
  }
  for (Batch& batch : batches) batch.Fail(absl::CancelledError("transport"));
}

FakeTransport::Batch FakeTransport::Take() {
  const absl::Duration end = base::MonotonicNow() + kResultLimit;
  base::MutexLock lock(mutex_);
  while (batches_.empty()) {
    const absl::Duration left = end - base::MonotonicNow();
    if (left <= absl::ZeroDuration()) {
      return {.done = [](const absl::Status&, v1::BatchSignProofsResponse&) {}};
    }
    changed_.WaitFor(mutex_, left);
  }
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  return batch;
}

size_t FakeTransport::waiting() const {
  base::MutexLock lock(mutex_);
  return batches_.size();
}

ProofSource::Callback Results::For(const std::string& name) {
  return [this, name](absl::StatusOr<Proof> result) {
    base::MutexLock lock(mutex_);
    results_[name].push_back(std::move(result));
    arrived_.NotifyAll();
  };
}

absl::StatusOr<Proof> Results::Wait(const std::string& name) {
  const absl::Duration end = base::MonotonicNow() + kResultLimit;
  base::MutexLock lock(mutex_);
  while (results_[name].empty()) {
    const absl::Duration left = end - base::MonotonicNow();
    if (left <= absl::ZeroDuration()) {
      return absl::InternalError(absl::StrCat(name, " has no result"));
    }
    arrived_.WaitFor(mutex_, left);
  }
  return results_[name].front();
}

size_t Results::Count(const std::string& name) const {
  base::MutexLock lock(mutex_);
  auto found = results_.find(name);
  return found == results_.end() ? 0 : found->second.size();
}

}  // namespace proofmint::testing
