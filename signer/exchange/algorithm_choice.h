// ChooseAlgorithm picks the algorithm of a connection's proofs from the
// broker's wishes and the identity provider's metadata (RFC 9449 section 5.1).

#ifndef PROOFMINT_SIGNER_EXCHANGE_ALGORITHM_CHOICE_H_
#define PROOFMINT_SIGNER_EXCHANGE_ALGORITHM_CHOICE_H_

#include <span>

#include "absl/status/statusor.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/server_metadata.h"

namespace proofmint {

// IfNotAdvertised says what to do when the identity provider publishes no
// dpop_signing_alg_values_supported. It may not support DPoP then.
enum class IfNotAdvertised {
  kTryFirst,  // take the first wish; tokens may come as bearer tokens
  kRefuse,
};

// LabelMatch says whether an Ed25519 key may go under its other label. The key
// and the signature are the same, and many identity providers know only one of
// the labels: "EdDSA" is RFC 8037's, "Ed25519" is RFC 9864's.
enum class LabelMatch {
  kSameKey,  // Ed25519 is sent as EdDSA where only that is published, and back
  kExact,
};

struct AlgorithmChoice {
  dpop::Algorithm algorithm;  // with the label to send and to log
  bool advertised;            // false: warn, the IdP may not support DPoP
};

// ChooseAlgorithm returns the first algorithm of `wanted` that the identity
// provider publishes. Published names that we do not know are ignored, and the
// order of the published ones does not matter.
//
// Never answers "without DPoP": it fails with FAILED_PRECONDITION, naming both
// lists, if none matches, and if nothing is published and `if_not_advertised`
// is kRefuse. `wanted` must not be empty (INVALID_ARGUMENT). Thread-safe.
absl::StatusOr<AlgorithmChoice> ChooseAlgorithm(
    std::span<const dpop::Algorithm> wanted, const ServerMetadata& metadata,
    IfNotAdvertised if_not_advertised = IfNotAdvertised::kTryFirst,
    LabelMatch label_match = LabelMatch::kSameKey);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_ALGORITHM_CHOICE_H_
