// The claim "htu": the target URI of the request in the form that verifiers
// compare.

#ifndef PROOFMINT_SIGNER_DPOP_HTU_H_
#define PROOFMINT_SIGNER_DPOP_HTU_H_

#include <array>
#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::dpop {

inline constexpr size_t kMaxHtuSize = 2048;  // bytes, as given
inline constexpr size_t kMaxHostSize = 255;  // bytes, RFC 3986 section 3.2.2

// A normalized htu is never longer than what was given, but for the "/" of an
// empty path.
inline constexpr size_t kMaxNormalizedHtuSize = kMaxHtuSize + 1;

// Storage for a normalized htu.
using HtuBuffer = std::array<char, kMaxNormalizedHtuSize>;

// NormalizeHtu writes `uri` as the claim wants it (RFC 9449 section 4.2, RFC
// 3986 sections 6.2.2.1 and 6.2.3) and returns a view of `buffer`:
//   - scheme and host in lower case;
//   - a port that is empty or the scheme's default, dropped;
//   - an empty path as "/";
//   - query and fragment dropped;
//   - everything else byte for byte: dot segments, double slashes and
//     percent-escapes stay as they are, since some verifiers compare strings.
//
// INVALID_ARGUMENT, "got X, want Y" with at most one byte of the URI, unless
// `uri` is an absolute http or https URI of at most kMaxHtuSize bytes whose
// every byte RFC 3986 allows where it stands (so no spaces, control characters,
// non-ASCII or malformed percent-escapes, not even in a part that is dropped),
// without userinfo, with a host of at most kMaxHostSize bytes that is a DNS
// name (letters, digits, "-", ".", "_"), an IPv4 address or a bracketed IPv6
// address without zone, and a port in 1..65535 without leading zeros.
absl::StatusOr<absl::string_view> NormalizeHtu(absl::string_view uri,
                                               HtuBuffer& buffer);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_HTU_H_
