// InspectProof parses a DPoP proof and verifies its signature.

#ifndef PROOFMINT_SIGNER_DPOP_INSPECT_H_
#define PROOFMINT_SIGNER_DPOP_INSPECT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::dpop {

// InspectedProof holds the parts of a proof.
struct InspectedProof {
  Algorithm algorithm;
  std::string header;  // JSON text as it is in the proof
  std::string claims;  // JSON text as it is in the proof
  std::string jkt;     // recomputed from the jwk, RFC 7638
  std::string jti;
  std::string htm;
  std::string htu;
  std::string nonce;  // empty: no such claim
  std::string ath;    // empty: no such claim
  int64_t iat = 0;
  bool signature_valid = false;
};

// InspectProof parses `proof` strictly and verifies its signature with the key
// in its header. A proof must have three parts of canonical base64url: a JSON
// header with typ, alg and a public jwk; JSON claims with jti, htm, htu and
// iat; and a signature of 64 bytes. Fails with INVALID_ARGUMENT, naming the
// part, for anything else, also for a duplicate JSON member and for a key or
// coordinate that is not 32 bytes long. Unknown members are ignored.
//
// A wrong signature is not an error: it sets `signature_valid` to false.
// InspectProof does not check freshness, htu and nonce, which only the server
// that the proof is for can do. Thread-safe.
absl::StatusOr<InspectedProof> InspectProof(absl::string_view proof);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_INSPECT_H_
