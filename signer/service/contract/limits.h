// Defines the limits that the wire contract states, and the default address.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_LIMITS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace proofmint::service {

// Requests in a BatchSignProofsRequest, at most.
inline constexpr int kMaxBatchSize = 256;

// Bytes of access_token_sha256.
inline constexpr size_t kAccessTokenSha256Size = 32;

// The largest absolute value of iat_offset.
inline constexpr absl::Duration kMaxIatOffset = absl::Seconds(300);

// The daemon listens, and clients connect, here by default.
inline constexpr char kDefaultDirectory[] = "/run/proofmint";
inline constexpr char kDefaultAddress[] = "unix:/run/proofmint/proofmintd.sock";

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_LIMITS_H_
