// Injects faults, so that brokers can test how they handle failures.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_

#include <random>

#include "absl/time/time.h"

namespace proofmint::service {

// Faults configures the faults that the server injects. By default there are
// none.
struct Faults {
  double key_generation_failure_rate = 0;  // share of the proofs, 0 to 1
  double signing_failure_rate = 0;
  absl::Duration delay;  // before a call is checked and served
};

// FaultHappens returns true with the probability `rate`. Thread-safe.
inline bool FaultHappens(double rate) {
  if (rate <= 0) return false;
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>()(random) < rate;
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_
