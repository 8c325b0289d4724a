#include "bench/micro/results.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/inspect.h"

namespace proofmint::bench {
namespace {

using crypto::Ed25519KeyPair;
using crypto::P256KeyPair;

bool IsPair(const P256KeyPair& key) {
  absl::StatusOr<P256KeyPair> again =
      crypto::P256KeyPairFromScalar(key.private_scalar.ExposeSecret());
  return again.ok() && again->public_key.x == key.public_key.x &&
         again->public_key.y == key.public_key.y;
}
bool IsPair(const Ed25519KeyPair& key) {
  return crypto::Ed25519KeyPairFromSeed(key.seed.ExposeSecret()).public_key ==
         key.public_key;
}

// Returns a key with the header and the thumbprint of the public key.
dpop::ProofKey Describe(dpop::Algorithm algorithm, const KeyPair& key) {
  return std::visit(
      [&](const auto& pair) {
        using Pair = std::decay_t<decltype(pair)>;
        return dpop::ProofKey(algorithm, Pair{{}, pair.public_key});
      },
      key);
}

}  // namespace

KeyType KeyTypeOf(dpop::Algorithm algorithm) {
  return algorithm == dpop::Algorithm::kEs256 ? KeyType::kP256
                                              : KeyType::kEd25519;
}

absl::Status FillClaims(const Jti& jti, dpop::HtuBuffer& buffer,
                        dpop::Claims& claims) {
  PROOFMINT_ASSIGN_OR_RETURN(claims.htu, dpop::NormalizeHtu(kHtu, buffer));
  claims.jti = jti;
  claims.htm = kHtm;
  claims.iat = absl::ToUnixSeconds(absl::Now());
  claims.nonce = kNonce;
  return absl::OkStatus();
}

KeyPair PublicHalf(const LibraryKey& key) {
  auto begin = key.public_key.begin();
  if (key.type == KeyType::kEd25519) {
    Ed25519KeyPair pair;
    std::copy_n(begin, pair.public_key.size(), pair.public_key.begin());
    return pair;
  }
  P256KeyPair pair;
  std::copy_n(begin, 32, pair.public_key.x.begin());
  std::copy_n(begin + 32, 32, pair.public_key.y.begin());
  return pair;
}

std::span<uint8_t, kPrivateKeySize> PrivateKeyOf(KeyPair& pair) {
  if (auto* p256 = std::get_if<P256KeyPair>(&pair)) {
    return p256->private_scalar.ExposeSecret();
  }
  return std::get<Ed25519KeyPair>(pair).seed.ExposeSecret();
}

absl::Status ResultVerifier::Verify(std::span<const Result> results) {
  auto wrong =
      std::count_if(results.begin(), results.end(), [&](const Result& result) {
        return !std::visit([&](const auto& made) { return IsRight(made); },
                           result);
      });
  if (results.empty()) return absl::InternalError("no results to verify");
  if (wrong == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(wrong, " wrong of ", results.size(), " results"));
}

bool ResultVerifier::IsRight(const KeyPair& key) {
  return seen_jkts_.emplace(Describe(algorithm_, key).jkt()).second &&
         std::visit([](const auto& pair) { return IsPair(pair); }, key);
}

bool ResultVerifier::IsRight(const PoolKey& key) {
  dpop::ProofKey again = Describe(algorithm_, key->key_pair());
  return IsRight(key->key_pair()) &&
         key->encoded_header() == again.encoded_header() &&
         key->jkt() == again.jkt();
}

bool ResultVerifier::IsRight(const Signature& signature) {
  if (const auto* key = std::get_if<Ed25519KeyPair>(&signature.key)) {
    return crypto::VerifyEd25519(key->public_key, signature.input,
                                 signature.signature);
  }
  crypto::Sha256Digest digest;
  if (signature.input.size() != digest.size()) return false;
  std::copy(signature.input.begin(), signature.input.end(), digest.begin());
  return crypto::VerifyEs256(std::get<P256KeyPair>(signature.key).public_key,
                             digest, signature.signature);
}

bool ResultVerifier::IsRight(const Proof& proof) {
  absl::StatusOr<dpop::InspectedProof> inspected = dpop::InspectProof(proof);
  return inspected.ok() && seen_jkts_.insert(inspected->jkt).second &&
         inspected->signature_valid && inspected->algorithm == algorithm_ &&
         inspected->htm == kHtm && inspected->htu == kHtu &&
         inspected->nonce == kNonce && inspected->ath.empty();
}

}  // namespace proofmint::bench
