// Writes public keys as JSON Web Keys (RFC 7517, RFC 7518, RFC 8037) and
// computes their thumbprints (RFC 7638).

#ifndef PROOFMINT_SIGNER_DPOP_JWK_H_
#define PROOFMINT_SIGNER_DPOP_JWK_H_

#include <array>
#include <cstddef>

#include "absl/strings/string_view.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {

inline constexpr size_t kMaxJwkSize = 128;  // characters
inline constexpr size_t kJktSize = 43;      // characters

// Jkt is a JWK SHA-256 thumbprint in base64url, not NUL-terminated.
using Jkt = std::array<char, kJktSize>;

// AppendJwk writes `key` as a JSON Web Key of at most kMaxJwkSize characters.
// It has exactly the members that RFC 7638 requires, in its order and without
// white space, so that the text is also the input of the thumbprint.
void AppendJwk(const crypto::P256PublicKey& key, TextWriter& out);
void AppendJwk(const crypto::Ed25519PublicKey& key, TextWriter& out);

// Thumbprint returns the JWK SHA-256 thumbprint of a text that AppendJwk wrote.
Jkt Thumbprint(absl::string_view jwk);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_JWK_H_
