// The key pair of one proof.

#ifndef PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_
#define PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/jwk.h"

namespace proofmint::dpop {

inline constexpr size_t kSignatureSize = 64;  // bytes, for every algorithm

// The largest JWS header, and its size in base64url: a JWK, and 48 characters
// for the other members and the punctuation.
inline constexpr size_t kMaxHeaderSize = 48 + kMaxJwkSize;
inline constexpr size_t kMaxEncodedHeaderSize = Base64UrlSize(kMaxHeaderSize);

// ProofKey is a private key together with everything of a proof that depends on
// the key alone: the encoded JWS header and the thumbprint. The private key is
// wiped with the object.
//
// Movable, not copyable; not thread-safe.
class ProofKey {
 public:
  // Generate mints a new key pair. Fails as `entropy` does, or with
  // UNAVAILABLE.
  static absl::StatusOr<ProofKey> Generate(Algorithm algorithm,
                                           crypto::Entropy& entropy);

  ProofKey(Algorithm algorithm, crypto::P256KeyPair key_pair);
  ProofKey(Algorithm algorithm, crypto::Ed25519KeyPair key_pair);

  // The JWS header in base64url: 220 characters for ES256, 160 for Ed25519, 158
  // for EdDSA.
  absl::string_view encoded_header() const {
    return {encoded_header_.data(), encoded_header_size_};
  }

  // The thumbprint of the public key, 43 characters.
  absl::string_view jkt() const { return {jkt_.data(), jkt_.size()}; }

  // Writes the signature over the JWS signing input (RFC 7515 section 5.1).
  // Fails with UNAVAILABLE, or FAILED_PRECONDITION if the key has been moved
  // from; `signature` is then unspecified.
  absl::Status Sign(absl::string_view signing_input,
                    std::span<uint8_t, kSignatureSize> signature) const;

 private:
  // Fills the header and the thumbprint.
  template <typename PublicKey>
  void Describe(Algorithm algorithm, const PublicKey& public_key);

  std::variant<crypto::P256KeyPair, crypto::Ed25519KeyPair> key_pair_;
  std::array<char, kMaxEncodedHeaderSize> encoded_header_;
  size_t encoded_header_size_;
  Jkt jkt_;
};

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_
