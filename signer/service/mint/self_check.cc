#include "signer/service/mint/self_check.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/conversions.h"

namespace proofmint::service {
namespace {

constexpr int kAttempts = 5;

absl::Status CheckAlgorithm(const ProofMinter& minter,
                            dpop::Algorithm algorithm) {
  v1::SignProofRequest request;
  request.set_algorithm(ToProto(algorithm));
  request.set_htm("POST");
  request.set_htu("https://self-check.invalid/");
  v1::SignProofResponse response;
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = minter.Mint(request, response);
    if (status.ok()) return VerifyResponse(request, response);
  }
  return status;
}

}  // namespace

absl::Status VerifyResponse(const v1::SignProofRequest& request,
                            const v1::SignProofResponse& response) {
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(response.proof());
  if (!proof.ok()) {
    return absl::InternalError(absl::StrCat(
        "self-check: a proof does not parse: ", proof.status().message()));
  }
  if (!proof->signature_valid || proof->jkt != response.jkt() ||
      proof->iat != response.iat() || proof->htu != request.htu() ||
      proof->htm != request.htm()) {
    return absl::InternalError("self-check: a proof does not verify");
  }
  return absl::OkStatus();
}

absl::Status CheckMinter(const ProofMinter& minter) {
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    PROOFMINT_RETURN_IF_ERROR(CheckAlgorithm(minter, algorithm));
  }
  return absl::OkStatus();
}

}  // namespace proofmint::service
