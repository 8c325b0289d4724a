// Call is a call of SignProof that has no result yet.

#ifndef PROOFMINT_SIGNER_CLIENT_CALL_H_
#define PROOFMINT_SIGNER_CLIENT_CALL_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::client {

// Times are of base::MonotonicNow.
struct Call {
  ProofRequest request;
  ProofSource::Callback done;  // empty once the call has ended
  absl::Duration begin;
  absl::Duration deadline;
  int retries = 0;
  absl::Status error;  // of the attempt before, which is retried
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_CALL_H_
