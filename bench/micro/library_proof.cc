#include "bench/micro/library_proof.h"

#include <array>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "bench/micro/results.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::bench {
namespace {

absl::StatusOr<dpop::Jkt> Mint(Library& library, dpop::Algorithm algorithm,
                               const dpop::Claims& claims, LibraryKey& key,
                               std::string& proof) {
  if (!library.Generate(KeyTypeOf(algorithm), key)) {
    return absl::InternalError("the library failed to generate a key");
  }
  const dpop::ProofKey described = std::visit(
      [&](auto half) { return dpop::ProofKey(algorithm, std::move(half)); },
      PublicHalf(key));
  WriteSigningInput(described, claims, proof);
  std::array<uint8_t, kSignatureSize> signature;
  if (!(key.type == KeyType::kP256
            ? library.Sign(key, described.Digest(proof), signature)
            : library.Sign(key, crypto::AsBytes(proof), signature))) {
    return absl::InternalError("the library failed to sign");
  }
  std::array<char, 1 + dpop::Base64UrlSize(kSignatureSize)> text;
  dpop::TextWriter writer(text);
  writer.Append(".").AppendBase64Url(signature);
  proof.append(text.data(), text.size());
  dpop::Jkt jkt;
  described.jkt().copy(jkt.data(), jkt.size());
  return jkt;
}

}  // namespace

absl::StatusOr<dpop::Jkt> MintWithLibrary(Library& library,
                                          dpop::Algorithm algorithm,
                                          const dpop::Claims& claims,
                                          std::string& proof) {
  LibraryKey key;
  absl::StatusOr<dpop::Jkt> jkt = Mint(library, algorithm, claims, key, proof);
  library.Free(key);
  return jkt;
}

}  // namespace proofmint::bench
