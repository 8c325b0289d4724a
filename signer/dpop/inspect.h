// Reading a DPoP proof back and checking what it says of itself.

#ifndef PROOFMINT_SIGNER_DPOP_INSPECT_H_
#define PROOFMINT_SIGNER_DPOP_INSPECT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::dpop {

// InspectedProof is a proof taken apart.
struct InspectedProof {
  Algorithm algorithm;
  std::string header;  // JSON text as it stands in the proof
  std::string claims;  // JSON text as it stands in the proof
  std::string jkt;     // recomputed from the jwk, RFC 7638
  std::string jti;
  std::string htm;
  std::string htu;
  std::string nonce;  // empty: no such claim
  std::string ath;    // empty: no such claim
  int64_t iat = 0;
  bool signature_valid = false;
};

// InspectProof takes `proof` apart, strictly, and checks its signature against
// the key it carries. INVALID_ARGUMENT, naming the part, for anything but three
// parts of canonical base64url that hold a JSON header with typ, alg and a
// public jwk, JSON claims with jti, htm, htu and iat, and 64 bytes of
// signature; also for a JSON member that stands twice and for a key or
// coordinate that is not 32 bytes. Members it does not know are let pass.
//
// A wrong signature is not an error but `signature_valid` = false. Freshness,
// htu and nonce are not judged: only the server that they are meant for can.
absl::StatusOr<InspectedProof> InspectProof(absl::string_view proof);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_INSPECT_H_
