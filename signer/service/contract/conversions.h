// Converts between the types of the wire contract and our own.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_

#include <google/protobuf/duration.pb.h>

#include <optional>

#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::service {

// All functions are thread-safe.

// ToAlgorithm returns what a request means by `algorithm`, which is ES256 if it
// is unspecified; nothing for a value of a later version of the contract.
std::optional<dpop::Algorithm> ToAlgorithm(v1::Algorithm algorithm);

// ToDuration returns nothing for a Duration that breaks the rules of
// google/protobuf/duration.proto: nanos of a second or more, or whose sign is
// not that of seconds.
std::optional<absl::Duration> ToDuration(
    const google::protobuf::Duration& duration);

// ToProto is the reverse. A Duration is rounded toward zero to nanoseconds.
v1::Algorithm ToProto(dpop::Algorithm algorithm);
google::protobuf::Duration ToProto(absl::Duration duration);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_CONVERSIONS_H_
