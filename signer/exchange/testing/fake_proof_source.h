// FakeProofSource makes real proofs without a daemon, for the tests of a
// broker.

#ifndef PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_PROOF_SOURCE_H_
#define PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_PROOF_SOURCE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/mutex.h"
#include "signer/exchange/proof_source.h"

namespace proofmint {

class FakeKey;

// SignerError returns an error as proofmintd gives it, with its reason, such as
// "KEY_GENERATION_FAILED" (docs/errors.md). Thread-safe.
absl::Status SignerError(absl::StatusCode code, absl::string_view reason,
                         absl::string_view message,
                         std::optional<absl::Duration> retry_delay = {});

// FakeProofSource signs in the calling thread, with keys of OpenSSL, and calls
// back before SignProof returns. Its proofs verify: a test can send them to a
// real identity provider. It refuses what proofmintd refuses, with the same
// reasons, but no handle of it expires, and it ignores deadlines. Keys are in
// plain memory, those of handles as long as the FakeProofSource lives.
//
// Thread-safe. Not for a program that has BoringSSL linked in: it has functions
// of the same names as OpenSSL.
class FakeProofSource final : public ProofSource {
 public:
  explicit FakeProofSource(base::Clock clock = absl::Now);
  ~FakeProofSource() override;

  void SignProof(ProofRequest request, absl::Time deadline,
                 Callback done) override;

  // Lets the next call fail with `error`; called twice, the next two.
  void FailNext(absl::Status error);

  // Returns the requests so far, failed ones included.
  std::vector<ProofRequest> requests() const;

 private:
  absl::StatusOr<Proof> Sign(const ProofRequest& request);
  // Returns the key of the request's handle, or a new one.
  absl::StatusOr<std::shared_ptr<const FakeKey>> KeyFor(
      const ProofRequest& request);

  const base::Clock clock_;
  mutable base::Mutex mutex_;
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<ProofRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const FakeKey>> handles_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_PROOF_SOURCE_H_
