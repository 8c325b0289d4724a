// Matches the names in a client's certificate with those that are allowed.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace proofmint::service {

// SanKind is a kind of subjectAltName (RFC 5280 section 4.2.1.6) that can name
// a caller.
enum class SanKind { kUri, kDns };

// The longest name that is allowed: the limit of the SPIFFE-ID standard,
// section 2.3.
inline constexpr size_t kMaxSanSize = 2048;  // bytes

// ValidateAllowedSan accepts an entry of --allowed_sans: a URI such as
// "spiffe://trust.domain/broker", the prefix of SPIFFE IDs such as
// "spiffe://trust.domain/brokers/*", or a DNS name. Errors are
// INVALID_ARGUMENT. Thread-safe.
absl::Status ValidateAllowedSan(absl::string_view entry);

// SanMatches returns whether `entry`, which must be valid, allows a certificate
// with the name `san` of `kind`. An entry with "://" allows only URIs, which
// are compared byte by byte. Any other entry allows only DNS names, which are
// compared without regard to case. A prefix allows only the SPIFFE IDs below
// it. Thread-safe.
bool SanMatches(absl::string_view entry, SanKind kind, absl::string_view san);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_ALLOWED_SAN_H_
