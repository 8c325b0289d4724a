// ProofKey is the key pair of a proof.

#ifndef PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_
#define PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/p256.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/jwk.h"

namespace proofmint::dpop {

// The largest JWS header (a JWK, and 48 characters for the other members and
// the punctuation), and its size in base64url.
inline constexpr size_t kMaxHeaderSize = 48 + kMaxJwkSize;
inline constexpr size_t kMaxEncodedHeaderSize = Base64UrlSize(kMaxHeaderSize);

// ProofKey holds a private key and all parts of a proof that depend on nothing
// but the key: the encoded JWS header, the thumbprint, and for ES256 the state
// of SHA-256 after the header's whole blocks. The private key is wiped when the
// object is destroyed or moved from.
//
// Movable, not copyable; not thread-safe.
class ProofKey {
 public:
  // Makes an empty key. Signing with an empty key fails. So does signing with a
  // key that was moved from, of which only the public parts are left.
  ProofKey() = default;

  ProofKey(Algorithm algorithm, crypto::P256KeyPair key_pair);
  ProofKey(Algorithm algorithm, crypto::Ed25519KeyPair key_pair);

  // Returns the JWS header in base64url: 220 characters for ES256, 160 for
  // Ed25519, 158 for EdDSA, none for an empty key.
  absl::string_view encoded_header() const {
    return {encoded_header_.data(), encoded_header_size_};
  }

  // Returns the JWK thumbprint of the public key, 43 characters.
  absl::string_view jkt() const { return {jkt_.data(), jkt_.size()}; }

  // Returns the key pair: a P256KeyPair for ES256, an Ed25519KeyPair otherwise.
  const std::variant<crypto::P256KeyPair, crypto::Ed25519KeyPair>& key_pair()
      const {
    return key_pair_;
  }

  // Returns the SHA-256 of a JWS signing input. The input must begin with
  // encoded_header(), whose whole blocks are not hashed again. For ES256 keys
  // only.
  crypto::Sha256Digest Digest(absl::string_view signing_input) const;

 private:
  // Fills the header and the thumbprint.
  template <typename PublicKey>
  void Describe(Algorithm algorithm, const PublicKey& public_key);

  std::variant<crypto::P256KeyPair, crypto::Ed25519KeyPair> key_pair_;
  crypto::Sha256Prefix hashed_header_;
  size_t encoded_header_size_ = 0;
  std::array<char, kMaxEncodedHeaderSize> encoded_header_;
  Jkt jkt_;
};

// GenerateProofKeys fills `keys`, any number of them, with fresh keys. Fails as
// `entropy` does, or with UNAVAILABLE if key generation fails; the keys are
// then unspecified and must not be used. Thread-safe.
absl::Status GenerateProofKeys(crypto::Kernel kernel, Algorithm algorithm,
                               crypto::Entropy& entropy,
                               std::span<ProofKey> keys);

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_PROOF_KEY_H_
