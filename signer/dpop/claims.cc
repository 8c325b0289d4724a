#include "signer/dpop/claims.h"

namespace proofmint::dpop {

//= rfc9449#4.2
//# The payload of a DPoP proof MUST contain at least the following claims:
void AppendClaims(const Claims& claims, TextWriter& out) {
  out.Append(R"({"jti":")")
      .AppendBase64Url(claims.jti)
      .Append(R"(","htm":")")
      .Append(claims.htm)
      .Append(R"(","htu":")")
      .Append(claims.htu)
      .Append(R"(","iat":)")
      .AppendDecimal(claims.iat);
  //= rfc9449#4.2
  //# When the authentication server or resource server provides a DPoP-Nonce
  //# HTTP header in a response (see Sections 8 and 9), the DPoP proof MUST also
  //# contain the following claim:
  if (!claims.nonce.empty()) {
    out.Append(R"(,"nonce":")").Append(claims.nonce).Append(R"(")");
  }
  //= rfc9449#4.2
  //# When the DPoP proof is used in conjunction with the presentation of an
  //# access token in protected resource access (see Section 7), the DPoP proof
  //# MUST also contain the following claim:
  //= rfc9449#7
  //# The DPoP proof MUST include the ath claim with a valid hash of the
  //# associated access token.
  //= rfc9449#4.2
  //# The value MUST be the result of a base64url encoding (as defined in
  //# Section 2 of [RFC7515]) the SHA-256 [SHS] hash of the ASCII encoding of
  //# the associated access token's value.
  if (claims.access_token_sha256.has_value()) {
    out.Append(R"(,"ath":")")
        .AppendBase64Url(*claims.access_token_sha256)
        .Append(R"(")");
  }
  out.Append("}");
}

}  // namespace proofmint::dpop
