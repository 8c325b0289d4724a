// BatchTransport carries batches to the signer and results back.

#ifndef PROOFMINT_SIGNER_CLIENT_BATCH_TRANSPORT_H_
#define PROOFMINT_SIGNER_CLIENT_BATCH_TRANSPORT_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"

namespace proofmint::client {

// BatchTransport is implemented by GrpcTransport, and by the tests of
// Coalescer. Thread-safe.
class BatchTransport {
 public:
  // Receives the status of the RPC and, if it is OK, the response, which it may
  // take apart.
  using Done =
      std::function<void(const absl::Status&, v1::BatchSignProofsResponse&)>;

  // The caller must have waited for the results of all that it sent. Returns
  // when the last `done` has returned.
  virtual ~BatchTransport() = default;

  // Sends `request`. Calls `done` exactly once, on a thread of the transport:
  // with the response, or with an error, at the latest `timeout` from now. By
  // then, and when Send returns, `request` is no longer used. `done` may be
  // called before Send returns.
  virtual void Send(const v1::BatchSignProofsRequest& request,
                    absl::Duration timeout, Done done) = 0;

  // Makes all batches that are out or sent later fail with CANCELLED soon.
  virtual void CancelAll() = 0;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_BATCH_TRANSPORT_H_
