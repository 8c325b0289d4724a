#include "signer/dpop/proof.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <variant>

#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/p256_batch.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {

static_assert(kSignatureSize == crypto::kP256SignatureSize);
static_assert(kSignatureSize == crypto::kEd25519SignatureSize);

namespace {

absl::Status SignChunk(crypto::Kernel kernel, crypto::Entropy& entropy,
                       std::span<const ProofJob> jobs) {
  std::array<std::array<uint8_t, kSignatureSize>, crypto::kKernelBatchSize>
      signatures;
  std::array<crypto::Es256Job, crypto::kKernelBatchSize> es256;
  std::array<crypto::Ed25519Job, crypto::kKernelBatchSize> ed25519;
  size_t es256_size = 0;
  size_t ed25519_size = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const ProofKey& key = *jobs[i].key;
    uint8_t* signature = signatures[i].data();
    if (const auto* p256 = std::get_if<crypto::P256KeyPair>(&key.key_pair())) {
      es256[es256_size++] = {p256, key.Digest(*jobs[i].proof), signature};
    } else {
      ed25519[ed25519_size++] = {
          &std::get<crypto::Ed25519KeyPair>(key.key_pair()),
          crypto::AsBytes(*jobs[i].proof), signature};
    }
  }
  PROOFMINT_RETURN_IF_ERROR(crypto::SignEs256Batch(
      kernel, entropy, std::span(es256).first(es256_size)));
  PROOFMINT_RETURN_IF_ERROR(
      crypto::SignEd25519Batch(kernel, std::span(ed25519).first(ed25519_size)));
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::array<char, 1 + Base64UrlSize(kSignatureSize)> text;
    TextWriter writer(text);
    writer.Append(".").AppendBase64Url(signatures[i]);
    jobs[i].proof->append(text.data(), text.size());
  }
  return absl::OkStatus();
}

}  // namespace

void WriteSigningInput(const ProofKey& key, const Claims& claims,
                       std::string& proof) {
  std::array<char, kMaxClaimsSize> claims_buffer;
  TextWriter payload(claims_buffer);
  AppendClaims(claims, payload);
  std::array<char, kMaxSigningInputSize> input_buffer;
  TextWriter input(input_buffer);
  input.Append(key.encoded_header())
      .Append(".")
      .AppendBase64Url(crypto::AsBytes(payload.text()));
  proof.reserve(input.text().size() + 1 + Base64UrlSize(kSignatureSize));
  proof.assign(input.text().data(), input.text().size());
}

//= rfc9449#5
//# The DPoP HTTP header field MUST contain a valid DPoP proof JWT.
absl::Status SignProofs(crypto::Kernel kernel, crypto::Entropy& entropy,
                        std::span<const ProofJob> jobs) {
  while (!jobs.empty()) {
    size_t size = std::min(jobs.size(), crypto::kKernelBatchSize);
    PROOFMINT_RETURN_IF_ERROR(SignChunk(kernel, entropy, jobs.first(size)));
    jobs = jobs.subspan(size);
  }
  return absl::OkStatus();
}

}  // namespace proofmint::dpop
