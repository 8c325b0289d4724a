// Failures on purpose, for brokers that rehearse theirs.

#ifndef PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_
#define PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_

#include <random>

#include "absl/time/time.h"

namespace proofmint::service {

// Faults says how often and how the server is to fail. By default it is not.
struct Faults {
  double key_generation_failure_rate = 0;  // of proofs, 0 to 1
  double signing_failure_rate = 0;
  absl::Duration delay;  // before a call is looked at
};

// FaultHappens draws whether a fault of `rate` happens now. Thread-safe.
inline bool FaultHappens(double rate) {
  if (rate <= 0) return false;
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>()(random) < rate;
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_MINT_FAULTS_H_
