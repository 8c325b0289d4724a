// Algorithm names the JWS algorithms of DPoP proofs.

#ifndef PROOFMINT_SIGNER_DPOP_ALGORITHM_H_
#define PROOFMINT_SIGNER_DPOP_ALGORITHM_H_

#include <array>
#include <optional>

#include "absl/strings/string_view.h"

namespace proofmint::dpop {

// Algorithm determines the header's "alg", the type of the key and the
// signature. All three are derived from this one value, so they always agree.
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

// AlgorithmFromName returns the algorithm of a JWS "alg" value, or nullopt for
// any other text. The comparison is case-sensitive.
std::optional<Algorithm> AlgorithmFromName(absl::string_view name);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_ALGORITHM_H_
