#include "signer/service/proof_minter.h"

#include "absl/status/statusor.h"
#include "signer/crypto/status_macros.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/service/errors.h"
#include "signer/service/request_validation.h"

namespace proofmint::service {

absl::Status ProofMinter::Mint(const v1::SignProofRequest& request,
                               absl::string_view field_prefix,
                               v1::SignProofResponse& response) const {
  dpop::HtuBuffer htu_buffer;
  PROOFMINT_ASSIGN_OR_RETURN(
      ValidRequest valid, ValidateRequest(request, field_prefix, htu_buffer));

  absl::StatusOr<dpop::ProofKey> key =
      dpop::ProofKey::Generate(valid.algorithm, entropy_);
  if (!key.ok()) return KeyGenerationFailedError(key.status());

  dpop::Claims claims;
  //= rfc9449#4.2
  //# The value MUST be assigned such that there is a negligible probability
  //# that the same value will be assigned to any other DPoP proof used in the
  //# same context during the time window of validity.
  absl::Status jti = entropy_.Fill(claims.jti);
  if (!jti.ok()) return SigningFailedError(jti);
  claims.htm = valid.htm;
  claims.htu = valid.htu;
  claims.iat = absl::ToUnixSeconds(clock_() + valid.iat_offset);
  claims.nonce = valid.nonce;
  claims.access_token_sha256 = valid.access_token_sha256;

  dpop::ProofBuffer proof_buffer;
  absl::StatusOr<absl::string_view> proof =
      dpop::SignProof(*key, claims, proof_buffer);
  if (!proof.ok()) return SigningFailedError(proof.status());

  response.set_proof(proof->data(), proof->size());
  response.set_jkt(key->jkt().data(), key->jkt().size());
  response.set_iat(claims.iat);
  return absl::OkStatus();
}

}  // namespace proofmint::service
