// Reads from a token, or from its introspection, to which key it is bound.

#ifndef PROOFMINT_SIGNER_EXCHANGE_TOKEN_BINDING_H_
#define PROOFMINT_SIGNER_EXCHANGE_TOKEN_BINDING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint {

// TokenKey says what a token tells about its key.
struct TokenKey {
  bool readable = false;  // false: the token is opaque
  std::optional<std::string> jkt =
      std::nullopt;  // the member cnf.jkt (RFC 9449 section 6.1)
};

// KeyOfToken reads the payload of `access_token` if it is a JWT. It does not
// verify the signature: the result is advice, for logs and diagnosis, and never
// an authorization (RFC 9068 section 6). Thread-safe.
TokenKey KeyOfToken(absl::string_view access_token);

// KeyOfIntrospection reads an introspection response (RFC 7662, RFC 9449
// section 6.2). It is readable only if it is a JSON object whose member
// `active` is true. Thread-safe.
TokenKey KeyOfIntrospection(absl::string_view json);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_TOKEN_BINDING_H_
