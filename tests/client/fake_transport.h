// FakeTransport lets a test answer batches, and Results collects their calls.

#ifndef PROOFMINT_TESTS_CLIENT_FAKE_TRANSPORT_H_
#define PROOFMINT_TESTS_CLIENT_FAKE_TRANSPORT_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/mutex.h"
#include "signer/client/batch_transport.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::testing {

// The limit for a result in a test, ample even on a machine under load.
inline constexpr absl::Duration kResultLimit = absl::Seconds(60);

// Returns a request whose nonce is `name`.
ProofRequest RequestNamed(const std::string& name);

// Returns the result of a proof for `request`: its JWT is "proof of NONCE".
v1::SignProofResult ProofFor(const v1::SignProofRequest& request);

// Returns the result for an error.
v1::SignProofResult ErrorResult(const absl::Status& error);

// Thread-safe, except for the destructor.
class FakeTransport final : public client::BatchTransport {
 public:
  struct Batch {
    v1::BatchSignProofsRequest request;
    absl::Duration timeout;
    Done done;

    // The nonces of the requests.
    std::vector<std::string> names() const;

    // Each ends the batch. To be called once.
    void Succeed();
    void Fail(const absl::Status& error);
    void Answer(std::vector<v1::SignProofResult> results);
  };

  // Waits until every `done` has returned.
  ~FakeTransport() override;

  void Send(const v1::BatchSignProofsRequest& request, absl::Duration timeout,
            Done done) override;

  // Ends the batches that have not been taken, on this thread.
  void CancelAll() override;

  // Waits for a batch and takes it. The caller must end it.
  Batch Take();

  // The number of batches that have not been taken.
  size_t waiting() const;

 private:
  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::deque<Batch> batches_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int unended_ ABSL_GUARDED_BY(mutex_) = 0;  // batches
};

// Results collects what the callbacks of calls receive. Thread-safe.
class Results {
 public:
  // Returns a callback that keeps what it receives as a result of `name`.
  ProofSource::Callback For(const std::string& name);

  // Waits for a result of `name`, and returns the first.
  absl::StatusOr<Proof> Wait(const std::string& name);

  // Returns the number of results of `name` so far.
  size_t Count(const std::string& name) const;

 private:
  mutable base::Mutex mutex_;
  base::ConditionVariable arrived_;
  std::map<std::string, std::vector<absl::StatusOr<Proof>>> results_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_CLIENT_FAKE_TRANSPORT_H_
