#include "signer/dpop/proof_key.h"

#include <utility>

#include "signer/crypto/sha2.h"
#include "signer/crypto/status_macros.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {

static_assert(kSignatureSize == crypto::kP256SignatureSize);
static_assert(kSignatureSize == crypto::kEd25519SignatureSize);

namespace {

// BoringSSL would sign with a wiped key, and nobody could verify it.
absl::Status WipedKeyError() {
  return absl::FailedPreconditionError(
      "key: got one that was moved from, want one that still has its secret");
}

}  // namespace

absl::StatusOr<ProofKey> ProofKey::Generate(Algorithm algorithm,
                                            crypto::Entropy& entropy) {
  if (algorithm == Algorithm::kEs256) {
    PROOFMINT_ASSIGN_OR_RETURN(crypto::P256KeyPair key_pair,
                               crypto::GenerateP256KeyPair(entropy));
    return ProofKey(algorithm, std::move(key_pair));
  }
  PROOFMINT_ASSIGN_OR_RETURN(crypto::Ed25519KeyPair key_pair,
                             crypto::GenerateEd25519KeyPair(entropy));
  return ProofKey(algorithm, std::move(key_pair));
}

ProofKey::ProofKey(Algorithm algorithm, crypto::P256KeyPair key_pair)
    : key_pair_(std::move(key_pair)) {
  Describe(algorithm, std::get<crypto::P256KeyPair>(key_pair_).public_key);
}

ProofKey::ProofKey(Algorithm algorithm, crypto::Ed25519KeyPair key_pair)
    : key_pair_(std::move(key_pair)) {
  Describe(algorithm, std::get<crypto::Ed25519KeyPair>(key_pair_).public_key);
}

//= rfc9449#4.2
//# The JOSE Header of a DPoP JWT MUST contain at least the following
//# parameters:
//= rfc9449#4.2
//# It MUST NOT contain a private key.
template <typename PublicKey>
void ProofKey::Describe(Algorithm algorithm, const PublicKey& public_key) {
  std::array<char, kMaxJwkSize> jwk_buffer;
  TextWriter jwk(jwk_buffer);
  AppendJwk(public_key, jwk);
  jkt_ = Thumbprint(jwk.text());

  std::array<char, kMaxHeaderSize> header_buffer;
  TextWriter header(header_buffer);
  header.Append(R"({"typ":"dpop+jwt","alg":")")
      .Append(AlgorithmName(algorithm))
      .Append(R"(","jwk":)")
      .Append(jwk.text())
      .Append("}");
  encoded_header_size_ = Base64UrlSize(header.text().size());
  EncodeBase64Url(crypto::AsBytes(header.text()), encoded_header_.data());
}

absl::Status ProofKey::Sign(
    absl::string_view signing_input,
    std::span<uint8_t, kSignatureSize> signature) const {
  std::span<const uint8_t> message = crypto::AsBytes(signing_input);
  if (const auto* p256 = std::get_if<crypto::P256KeyPair>(&key_pair_)) {
    if (p256->private_scalar.IsWiped()) return WipedKeyError();
    return crypto::SignEs256(*p256, crypto::Sha256(message), signature);
  }
  const auto& ed25519 = std::get<crypto::Ed25519KeyPair>(key_pair_);
  if (ed25519.seed.IsWiped()) return WipedKeyError();
  return crypto::SignEd25519(ed25519, message, signature);
}

}  // namespace proofmint::dpop
