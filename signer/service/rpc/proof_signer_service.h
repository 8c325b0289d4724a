// Implements the service proofmint.v1.ProofSigner.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_PROOF_SIGNER_SERVICE_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_PROOF_SIGNER_SERVICE_H_

#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/crypto/kernel.h"
#include "signer/service/rpc/call_queue.h"
#include "signer/service/rpc/gated_call.h"

namespace proofmint::service {

// ProofSignerService serves the calls that it is told to await. Each call runs
// on the call thread of its queue.
//
// Thread-safe.
class ProofSignerService final
    : public v1::ProofSigner::WithRawMethod_SignProof<
          v1::ProofSigner::WithRawMethod_BatchSignProofs<
              v1::ProofSigner::WithRawMethod_GetCapabilities<
                  v1::ProofSigner::Service>>> {
 public:
  // GetCapabilities reports `kernel`. Every call must pass `gate`.
  ProofSignerService(crypto::Kernel kernel, const Gate& gate);

  // Awaits calls of each RPC in `queue`, from now until the server is shut
  // down. The server must be running, and the service must outlive the queue.
  void AwaitCalls(CallQueue& queue);

  const v1::GetCapabilitiesResponse& capabilities() const {
    return capabilities_;
  }
  const Gate& gate() const { return gate_; }

 private:
  const Gate gate_;
  v1::GetCapabilitiesResponse capabilities_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_PROOF_SIGNER_SERVICE_H_
