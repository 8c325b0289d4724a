// The JWS algorithms of a DPoP proof.

#ifndef PROOFMINT_SIGNER_DPOP_ALGORITHM_H_
#define PROOFMINT_SIGNER_DPOP_ALGORITHM_H_

#include <array>
#include <optional>

#include "absl/strings/string_view.h"

namespace proofmint::dpop {

// Algorithm is the one value from which the header's "alg", the key's type and
// the signature are all derived, so that they cannot disagree.
//= rfc9449#4.2
//# It MUST NOT be none or an identifier for a symmetric algorithm (Message
//# Authentication Code (MAC)).
//= rfc9449#11.6
//# Implementers MUST ensure that only asymmetric digital signature algorithms
//# (such as ES256) that are deemed secure can be used for signing DPoP proofs.
//= rfc9449#11.6
//# In particular, the algorithm none MUST NOT be allowed.
enum class Algorithm {
  kEs256,    // ECDSA on P-256 with SHA-256, RFC 7518 section 3.4
  kEd25519,  // Ed25519 under its fully specified name, RFC 9864 section 2.2
  kEdDsa,    // an Ed25519 key under its older name, RFC 8037 section 3.1
};

inline constexpr std::array<Algorithm, 3> kAlgorithms = {
    Algorithm::kEs256, Algorithm::kEd25519, Algorithm::kEdDsa};

// AlgorithmName returns the JWS "alg" value, such as "ES256".
absl::string_view AlgorithmName(Algorithm algorithm);

// AlgorithmFromName returns the algorithm of a JWS "alg" value; the comparison
// is exact.
std::optional<Algorithm> AlgorithmFromName(absl::string_view name);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_ALGORITHM_H_
