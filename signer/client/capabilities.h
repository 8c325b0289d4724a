// Asks the signer what it can do.

#ifndef PROOFMINT_SIGNER_CLIENT_CAPABILITIES_H_
#define PROOFMINT_SIGNER_CLIENT_CAPABILITIES_H_

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/client/retry_policy.h"
#include "signer/client/signer_client.h"

namespace proofmint::client {

// FetchCapabilities calls GetCapabilities on `channel` and waits for the answer
// until `timeout`. Transient failures are retried. Thread-safe.
absl::StatusOr<Capabilities> FetchCapabilities(
    const std::shared_ptr<grpc::Channel>& channel, const RetryOptions& retry,
    absl::Duration timeout);

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_CAPABILITIES_H_
