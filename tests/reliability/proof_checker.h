// Checks every proof of a run: that it is right, and that no two are alike.

#ifndef PROOFMINT_TESTS_RELIABILITY_PROOF_CHECKER_H_
#define PROOFMINT_TESTS_RELIABILITY_PROOF_CHECKER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/mutex.h"

namespace proofmint::reliability {

// ProofChecker keeps 32 bytes of every proof that it has seen. Thread-safe.
class ProofChecker {
 public:
  struct Counts {
    int64_t right = 0;
    int64_t wrong = 0;       // not as requested, or not valid
    int64_t duplicates = 0;  // with a jti or a key seen before
    std::string first_problem;
    // The least and the greatest `iat` minus the caller's clock, in seconds.
    std::optional<int64_t> least_lead;
    std::optional<int64_t> greatest_lead;
  };

  // Check inspects `response`, which was received at `now` for `request`: its
  // signature, alg, htm, htu, nonce, jkt and iat, and that neither its jti nor
  // its key was seen before.
  void Check(const v1::SignProofRequest& request,
             const v1::SignProofResponse& response, absl::Time now);

  Counts counts() const;

 private:
  // An Identity is the first half of a SHA-256, or a jti: 128 bits.
  using Identity = std::array<char, 16>;

  struct Identities {
    Identity jti;
    Identity jkt;
  };

  static absl::StatusOr<Identities> Inspect(
      const v1::SignProofRequest& request,
      const v1::SignProofResponse& response);
  void Problem(int64_t& counter, std::string text)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable base::Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<Identity> jtis_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<Identity> jkts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::reliability

#endif  // PROOFMINT_TESTS_RELIABILITY_PROOF_CHECKER_H_
