// SpoiledProofSource makes proofs with one thing wrong, to find out whether an
// identity provider looks at it.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_SPOILED_PROOF_SOURCE_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_SPOILED_PROOF_SOURCE_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::doctor {

enum class Spoil {
  kNothing,
  kOtherUrl,     // htu of another path
  kOtherScheme,  // htu with http for https, or the reverse
  kOtherMethod,  // htm PUT
  kOldIat,       // issued kOldIatAge ago
  kReplay,       // the last good proof once more
};

inline constexpr absl::Duration kOldIatAge = absl::Minutes(5);

// SpoiledProofSource asks another source for proofs and passes them on. Its
// proofs are good until Set is called with something else than kNothing.
// Thread-safe.
class SpoiledProofSource final : public ProofSource {
 public:
  // `source` is borrowed.
  explicit SpoiledProofSource(ProofSource& source) : source_(source) {}

  void Set(Spoil spoil);

  // A replay fails with FAILED_PRECONDITION if there was no good proof yet.
  void SignProof(ProofRequest request, absl::Time deadline,
                 Callback done) override;

 private:
  ProofSource& source_;
  base::Mutex mutex_;
  Spoil spoil_ ABSL_GUARDED_BY(mutex_) = Spoil::kNothing;
  Proof last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_SPOILED_PROOF_SOURCE_H_
