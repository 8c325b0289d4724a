#include "signer/dpop/jwk.h"

#include "signer/crypto/sha2.h"
#include "signer/dpop/base64url.h"

namespace proofmint::dpop {

static_assert(kJktSize == Base64UrlSize(crypto::kSha256Size));

// RFC 7518 section 6.2.1: x and y have the full size of a coordinate. A shorter
// form would have a different thumbprint.
void AppendJwk(const crypto::P256PublicKey& key, TextWriter& out) {
  out.Append(R"({"crv":"P-256","kty":"EC","x":")")
      .AppendBase64Url(key.x)
      .Append(R"(","y":")")
      .AppendBase64Url(key.y)
      .Append(R"("})");
}

// RFC 8037 section 2 defines the members.
void AppendJwk(const crypto::Ed25519PublicKey& key, TextWriter& out) {
  out.Append(R"({"crv":"Ed25519","kty":"OKP","x":")")
      .AppendBase64Url(key)
      .Append(R"("})");
}

//= rfc9449#6.1
//# The value of the jkt member MUST be the base64url encoding (as defined in
//# [RFC7515]) of the JWK SHA-256 Thumbprint (according to [RFC7638]) of the
//# DPoP public key (in JWK format) to which the access token is bound.
Jkt Thumbprint(absl::string_view jwk) {
  Jkt jkt;
  EncodeBase64Url(crypto::Sha256(crypto::AsBytes(jwk)), jkt.data());
  return jkt;
}

}  // namespace proofmint::dpop
