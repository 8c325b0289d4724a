#include "signer/exchange/proof_source.h"

#include "signer/service/contract/error_details.h"

namespace proofmint {

std::string ReasonOf(const absl::Status& status) {
  return service::DecodeErrorDetails(status).reason;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  return service::DecodeErrorDetails(status).retry_delay;
}

}  // namespace proofmint
