// Which names in a client's certificate let it call.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace proofmint::service {

// The kinds of subjectAltName (RFC 5280, section 4.2.1.6) that name a caller.
enum class SanKind { kUri, kDns };

// No name is longer, as the SPIFFE-ID standard has it (section 2.3).
inline constexpr size_t kMaxSanSize = 2048;  // bytes

// ValidateAllowedSan accepts an entry of --allowed_sans: a URI such as
// "spiffe://trust.domain/broker", the prefix of SPIFFE IDs such as
// "spiffe://trust.domain/brokers/*", or a DNS name. Errors are
// INVALID_ARGUMENT. Thread-safe.
absl::Status ValidateAllowedSan(absl::string_view entry);

// SanMatches says whether a certificate's name `san` of `kind` is what `entry`,
// which must be valid, allows. An entry with "://" allows URIs alone, compared
// byte for byte; any other allows DNS names alone, of which case means nothing.
// A prefix allows the SPIFFE IDs below it, and no others. Thread-safe.
bool SanMatches(absl::string_view entry, SanKind kind, absl::string_view san);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_
