#include "signer/client/capabilities.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/clock.h"
#include "signer/exchange/proof_source.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/gpr_time.h"

namespace proofmint::client {
namespace {

Capabilities ToCapabilities(const v1::GetCapabilitiesResponse& response) {
  const auto& algorithms = response.dpop_signing_alg_values();
  return {
      .dpop_signing_alg_values = {algorithms.begin(), algorithms.end()},
      .max_batch_size = response.max_batch_size(),
      .max_iat_offset = service::ToDuration(response.max_iat_offset())
                            .value_or(absl::ZeroDuration()),
      .version = response.version(),
      .kernel = response.kernel(),
  };
}

}  // namespace

absl::StatusOr<Capabilities> FetchCapabilities(
    const std::shared_ptr<grpc::Channel>& channel, const RetryOptions& retry,
    absl::Duration timeout) {
  const auto stub = v1::ProofSigner::NewStub(channel);
  const absl::Duration deadline = base::MonotonicNow() + timeout;
  absl::BitGen random;
  for (int retries = 0;; ++retries) {
    grpc::ClientContext context;
    context.set_deadline(
        service::GprTimeAfter(deadline - base::MonotonicNow()));
    v1::GetCapabilitiesResponse response;
    const grpc::Status status = stub->GetCapabilities(&context, {}, &response);
    if (status.ok()) return ToCapabilities(response);
    const absl::Status error =
        service::ToAbslStatus(service::ToRpcStatus(status));
    const absl::Duration delay =
        Backoff(retry, retries + 1, RetryDelayOf(error), random);
    if (!IsTransient(error) || base::MonotonicNow() + delay >= deadline) {
      return error;
    }
    absl::SleepFor(delay);
  }
}

}  // namespace proofmint::client
