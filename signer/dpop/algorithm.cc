#include "signer/dpop/algorithm.h"

namespace proofmint::dpop {

absl::string_view AlgorithmName(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return "ES256";
    case Algorithm::kEd25519:
      return "Ed25519";
    case Algorithm::kEdDsa:
      return "EdDSA";
  }
  __builtin_unreachable();
}

std::optional<Algorithm> AlgorithmFromName(absl::string_view name) {
  for (Algorithm algorithm : kAlgorithms) {
    if (AlgorithmName(algorithm) == name) return algorithm;
  }
  return std::nullopt;
}

}  // namespace proofmint::dpop
