// Checks a SignProofRequest field by field.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_REQUEST_VALIDATION_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_REQUEST_VALIDATION_H_

#include <array>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/htu.h"
#include "signer/service/contract/limits.h"

namespace proofmint::service {

// ValidRequest is a request whose every field has been checked. Views point
// into the request and the buffer that it was made from.
struct ValidRequest {
  dpop::Algorithm algorithm;
  absl::string_view htm;
  absl::string_view htu;    // normalized
  absl::string_view nonce;  // empty: none
  std::optional<std::array<uint8_t, kAccessTokenSha256Size>>
      access_token_sha256;
  absl::string_view key_handle;  // empty: none
  absl::Duration iat_offset;
};

// ValidateRequest checks `request` field by field and stops at the first that
// is wrong, with an error of errors.h whose field path is `field_prefix`
// followed by the field's name. `htu_buffer` takes the normalized htu.
// Thread-safe.
absl::StatusOr<ValidRequest> ValidateRequest(
    const v1::SignProofRequest& request, absl::string_view field_prefix,
    dpop::HtuBuffer& htu_buffer);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_REQUEST_VALIDATION_H_
