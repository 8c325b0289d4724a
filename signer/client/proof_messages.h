// Converts between ProofRequest, Proof and the messages of a batch.

#ifndef PROOFMINT_SIGNER_CLIENT_PROOF_MESSAGES_H_
#define PROOFMINT_SIGNER_CLIENT_PROOF_MESSAGES_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/exchange/proof_source.h"

namespace proofmint::client {

// All functions are thread-safe.

// CheckRequest refuses a request that would make the signer refuse all others
// of its batch: one with text that is not ASCII, which may be no UTF-8, or so
// large that a batch of such could exceed the size of a message. The error is
// the signer's own. Everything else is for the signer to check.
absl::Status CheckRequest(const ProofRequest& request);

// ToProto overwrites `message`.
void ToProto(const ProofRequest& request, v1::SignProofRequest& message);

// TakeResults returns the outcomes of the `size` requests of a batch, whose RPC
// ended with `status` and `response`. It may take apart what is in `response`.
// An error names fields as one of SignProof does: "htu", not "requests[3].htu".
// A result that is missing or empty is INTERNAL.
std::vector<absl::StatusOr<Proof>> TakeResults(
    const absl::Status& status, v1::BatchSignProofsResponse& response,
    size_t size);

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_PROOF_MESSAGES_H_
