// Converts between google.protobuf.Duration and absl::Duration.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_DURATION_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_DURATION_H_

#include <google/protobuf/duration.pb.h>

#include <optional>

#include "absl/time/time.h"

namespace proofmint::service {

// Both functions are thread-safe.

// ToDuration returns nothing for a Duration that breaks the rules of
// google/protobuf/duration.proto: nanos of a second or more, or whose sign is
// not that of seconds.
std::optional<absl::Duration> ToDuration(
    const google::protobuf::Duration& duration);

// ToProto is the reverse; it rounds toward zero to nanoseconds.
google::protobuf::Duration ToProto(absl::Duration duration);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_DURATION_H_
