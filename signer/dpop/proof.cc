#include "signer/dpop/proof.h"

#include <array>
#include <cstdint>

#include "signer/crypto/sha2.h"
#include "signer/crypto/status_macros.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {

absl::StatusOr<absl::string_view> SignProof(const ProofKey& key,
                                            const Claims& claims,
                                            ProofBuffer& buffer) {
  std::array<char, kMaxClaimsSize> claims_buffer;
  TextWriter payload(claims_buffer);
  AppendClaims(claims, payload);

  TextWriter proof(buffer);
  proof.Append(key.encoded_header())
      .Append(".")
      .AppendBase64Url(crypto::AsBytes(payload.text()));
  std::array<uint8_t, kSignatureSize> signature;
  PROOFMINT_RETURN_IF_ERROR(key.Sign(proof.text(), signature));
  return proof.Append(".").AppendBase64Url(signature).text();
}

}  // namespace proofmint::dpop
