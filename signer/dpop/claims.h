// Claims are the claims of a DPoP proof (RFC 9449 section 4.2); AppendClaims
// writes them as JSON.

#ifndef PROOFMINT_SIGNER_DPOP_CLAIMS_H_
#define PROOFMINT_SIGNER_DPOP_CLAIMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/syntax.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {

inline constexpr size_t kJtiEntropySize = 16;  // bytes

// Claims holds the claims of one proof. Its text must have passed ValidateHtm,
// NormalizeHtu and ValidateNonce, which accept no character that JSON would
// have to escape. Views are borrowed.
struct Claims {
  std::array<uint8_t, kJtiEntropySize> jti;  // random; encoded as base64url
  absl::string_view htm;
  absl::string_view htu;
  int64_t iat = 0;          // seconds since the Unix epoch
  absl::string_view nonce;  // empty: no claim "nonce"
  std::optional<crypto::Sha256Digest> access_token_sha256;  // the claim "ath"
};

// The largest number of characters that AppendClaims writes: the member names
// and punctuation, 20 digits of iat, jti and ath in base64url, and the largest
// htm, htu and nonce.
inline constexpr size_t kMaxClaimsSize =
    64 + 20 + Base64UrlSize(kJtiEntropySize) +
    Base64UrlSize(crypto::kSha256Size) + kMaxHtmSize + kMaxNormalizedHtuSize +
    kMaxNonceSize;

// AppendClaims writes the claims as a JSON object. Thread-safe.
void AppendClaims(const Claims& claims, TextWriter& out);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_CLAIMS_H_
