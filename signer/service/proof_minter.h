// One request in, one proof out.

#ifndef PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_
#define PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/crypto/entropy.h"
#include "signer/service/clock.h"

namespace proofmint::service {

// ProofMinter checks a request, makes a key pair for it and signs. It keeps
// nothing between calls, so the same request never gets the same proof twice.
//
// Thread-safe.
class ProofMinter {
 public:
  // `entropy` must outlive the minter.
  ProofMinter(crypto::Entropy& entropy, Clock clock)
      : entropy_(entropy), clock_(std::move(clock)) {}

  // Fills `response`, or returns an error of errors.h and leaves it untouched.
  // Field paths in errors start with `field_prefix`, such as "requests[3].".
  absl::Status Mint(const v1::SignProofRequest& request,
                    absl::string_view field_prefix,
                    v1::SignProofResponse& response) const;

 private:
  crypto::Entropy& entropy_;
  Clock clock_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_PROOF_MINTER_H_
