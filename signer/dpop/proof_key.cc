#include "signer/dpop/proof_key.h"

#include <algorithm>
#include <utility>

#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/p256_batch.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {
namespace {

template <typename KeyPair, typename Generate>
absl::Status GenerateInChunks(Algorithm algorithm, std::span<ProofKey> keys,
                              Generate generate) {
  // The generated key pairs, which are then moved into proof keys.
  std::array<KeyPair, crypto::kKernelBatchSize> pairs;
  while (!keys.empty()) {
    std::span<KeyPair> chunk =
        std::span(pairs).first(std::min(keys.size(), pairs.size()));
    PROOFMINT_RETURN_IF_ERROR(generate(chunk));
    for (size_t i = 0; i < chunk.size(); ++i) {
      keys[i] = ProofKey(algorithm, std::move(chunk[i]));
    }
    keys = keys.subspan(chunk.size());
  }
  return absl::OkStatus();
}

}  // namespace

ProofKey::ProofKey(Algorithm algorithm, crypto::P256KeyPair key_pair)
    : key_pair_(std::move(key_pair)) {
  Describe(algorithm, std::get<crypto::P256KeyPair>(key_pair_).public_key);
  std::span<const uint8_t> header = crypto::AsBytes(encoded_header());
  hashed_header_ = crypto::Sha256Prefix(header.first(
      header.size() - header.size() % crypto::Sha256Prefix::kBlockSize));
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

crypto::Sha256Digest ProofKey::Digest(absl::string_view signing_input) const {
  return hashed_header_.Finish(
      crypto::AsBytes(signing_input).subspan(hashed_header_.size()));
}

absl::Status GenerateProofKeys(crypto::Kernel kernel, Algorithm algorithm,
                               crypto::Entropy& entropy,
                               std::span<ProofKey> keys) {
  if (algorithm == Algorithm::kEs256) {
    return GenerateInChunks<crypto::P256KeyPair>(
        algorithm, keys, [&](std::span<crypto::P256KeyPair> pairs) {
          return crypto::GenerateP256KeyPairs(kernel, entropy, pairs);
        });
  }
  return GenerateInChunks<crypto::Ed25519KeyPair>(
      algorithm, keys, [&](std::span<crypto::Ed25519KeyPair> pairs) {
        return crypto::GenerateEd25519KeyPairs(kernel, entropy, pairs);
      });
}

}  // namespace proofmint::dpop
