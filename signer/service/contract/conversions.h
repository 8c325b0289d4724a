// Converts between the algorithms of the wire contract and our own.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_

#include <optional>

#include "proofmint/v1/proof_signer.pb.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::service {

// Both functions are thread-safe.

// ToAlgorithm returns what a request means by `algorithm`, which is ES256 if it
// is unspecified; nothing for a value of a later version of the contract.
std::optional<dpop::Algorithm> ToAlgorithm(v1::Algorithm algorithm);

// ToProto is the reverse.
v1::Algorithm ToProto(dpop::Algorithm algorithm);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_
