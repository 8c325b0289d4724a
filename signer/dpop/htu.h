// NormalizeHtu makes the claim "htu": the target URI of the request in the form
// that verifiers compare.

#ifndef PROOFMINT_SIGNER_DPOP_HTU_H_
#define PROOFMINT_SIGNER_DPOP_HTU_H_

#include <array>
#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint::dpop {

inline constexpr size_t kMaxHtuSize = 2048;  // bytes, as given
inline constexpr size_t kMaxHostSize = 255;  // bytes, RFC 3986 section 3.2.2

// A normalized htu is never longer than the given one, except for the "/" that
// replaces an empty path.
inline constexpr size_t kMaxNormalizedHtuSize = kMaxHtuSize + 1;

// HtuBuffer has room for a normalized htu.
using HtuBuffer = std::array<char, kMaxNormalizedHtuSize>;

// NormalizeHtu writes `uri` to `buffer` in the form of the claim (RFC 9449
// section 4.2, RFC 3986 sections 6.2.2.1 and 6.2.3) and returns a view of it:
//   - scheme and host become lower case;
//   - a port that is empty, or the default of the scheme, is dropped;
//   - an empty path becomes "/";
//   - query and fragment are dropped;
//   - everything else is kept byte for byte, dot segments, double slashes and
//     percent-escapes included, since some verifiers compare strings.
//
// Fails with INVALID_ARGUMENT unless `uri`
//   - is an absolute http or https URI of at most kMaxHtuSize bytes;
//   - has in its path only what RFC 3986 section 3.3 allows, with well-formed
//     percent-escapes, and "[", "]", "|" and "^", which clients that follow the
//     WHATWG URL standard send as they are. They encode or replace all others
//     before they send them, so a path that still has one is not the target
//     of the request;
//   - has in query and fragment only visible ASCII (0x21 to 0x7e), of any kind;
//   - has no userinfo;
//   - has a host of at most kMaxHostSize bytes that is a DNS name (letters,
//     digits, "-", ".", "_"), an IPv4 address, or an IPv6 address in brackets
//     without zone;
//   - has no port, or one from 1 to 65535 without leading zeros.
// Messages quote at most one byte of the URI; the caller puts the field's name
// in front of them. Thread-safe.
absl::StatusOr<absl::string_view> NormalizeHtu(absl::string_view uri,
                                               HtuBuffer& buffer);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_HTU_H_
