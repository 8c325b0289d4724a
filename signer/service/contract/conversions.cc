#include "signer/service/contract/conversions.h"

namespace proofmint::service {

std::optional<dpop::Algorithm> ToAlgorithm(v1::Algorithm algorithm) {
  switch (algorithm) {
    case v1::ALGORITHM_UNSPECIFIED:
    case v1::ALGORITHM_ES256:
      return dpop::Algorithm::kEs256;
    case v1::ALGORITHM_ED25519:
      return dpop::Algorithm::kEd25519;
    case v1::ALGORITHM_EDDSA:
      return dpop::Algorithm::kEdDsa;
    default:
      return std::nullopt;
  }
}

v1::Algorithm ToProto(dpop::Algorithm algorithm) {
  switch (algorithm) {
    case dpop::Algorithm::kEs256:
      return v1::ALGORITHM_ES256;
    case dpop::Algorithm::kEd25519:
      return v1::ALGORITHM_ED25519;
    case dpop::Algorithm::kEdDsa:
      return v1::ALGORITHM_EDDSA;
  }
  return v1::ALGORITHM_UNSPECIFIED;
}

}  // namespace proofmint::service
