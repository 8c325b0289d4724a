#include "bench/results.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/proof_text.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/inspect.h"

namespace proofmint::bench {
namespace {

crypto::P256PublicKey AsP256(std::span<const uint8_t, kPublicKeySize> bytes) {
  crypto::P256PublicKey key;
  std::copy_n(bytes.begin(), key.x.size(), key.x.begin());
  std::copy_n(bytes.begin() + key.x.size(), key.y.size(), key.y.begin());
  return key;
}

crypto::Ed25519PublicKey AsEd25519(
    std::span<const uint8_t, kPublicKeySize> bytes) {
  crypto::Ed25519PublicKey key;
  std::copy_n(bytes.begin(), key.size(), key.begin());
  return key;
}

}  // namespace

KeyType KeyTypeOf(dpop::Algorithm algorithm) {
  return algorithm == dpop::Algorithm::kEs256 ? KeyType::kP256
                                              : KeyType::kEd25519;
}

void Results::AddKey(std::span<const uint8_t> private_key,
                     std::span<const uint8_t> public_key) {
  Key& key = keys_.emplace_back();
  std::copy(private_key.begin(), private_key.end(), key.private_key.begin());
  std::copy(public_key.begin(), public_key.end(), key.public_key.begin());
}

void Results::AddSignature(std::span<const uint8_t> public_key,
                           std::span<const uint8_t> input,
                           std::span<const uint8_t> signature) {
  Signature& added = signatures_.emplace_back();
  std::copy(public_key.begin(), public_key.end(), added.public_key.begin());
  added.input.assign(input.begin(), input.end());
  std::copy(signature.begin(), signature.end(), added.signature.begin());
}

void Results::AddProof(std::string proof) {
  proofs_.push_back(std::move(proof));
}

void Results::CorruptOne() {
  if (!keys_.empty()) keys_.back().public_key[0] ^= 1;
  if (!signatures_.empty()) signatures_.back().signature[0] ^= 1;
  if (!proofs_.empty()) {
    // The first character of the signature.
    char& character = proofs_.back()[proofs_.back().rfind('.') + 1];
    character = character == 'A' ? 'B' : 'A';
  }
}

absl::Status Results::Verify() {
  std::unordered_set<std::string> seen;
  size_t wrong = 0;
  for (const Key& key : keys_) {
    bool is_new =
        seen.emplace(key.public_key.begin(), key.public_key.end()).second;
    wrong += !is_new || !IsRight(key);
  }
  for (const Signature& signature : signatures_) wrong += !IsRight(signature);
  for (const std::string& proof : proofs_) {
    std::string jkt;
    wrong += !IsRight(proof, jkt) || !seen.insert(jkt).second;
  }
  size_t count = keys_.size() + signatures_.size() + proofs_.size();
  keys_.clear();
  signatures_.clear();
  proofs_.clear();
  if (wrong == 0 && count > 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("results: got ", wrong, " wrong of ",
                                          count, ", want none wrong of some"));
}

bool Results::IsRight(const Key& key) const {
  if (KeyTypeOf(algorithm_) == KeyType::kEd25519) {
    return crypto::Ed25519KeyPairFromSeed(key.private_key).public_key ==
           AsEd25519(key.public_key);
  }
  absl::StatusOr<crypto::P256KeyPair> pair =
      crypto::P256KeyPairFromScalar(key.private_key);
  crypto::P256PublicKey public_key = AsP256(key.public_key);
  return pair.ok() && pair->public_key.x == public_key.x &&
         pair->public_key.y == public_key.y;
}

bool Results::IsRight(const Signature& signature) const {
  if (KeyTypeOf(algorithm_) == KeyType::kEd25519) {
    return crypto::VerifyEd25519(AsEd25519(signature.public_key),
                                 signature.input, signature.signature);
  }
  crypto::Sha256Digest digest;
  if (signature.input.size() != digest.size()) return false;
  std::copy(signature.input.begin(), signature.input.end(), digest.begin());
  return crypto::VerifyEs256(AsP256(signature.public_key), digest,
                             signature.signature);
}

bool Results::IsRight(const std::string& proof, std::string& jkt) const {
  absl::StatusOr<dpop::InspectedProof> inspected = dpop::InspectProof(proof);
  if (!inspected.ok()) return false;
  jkt = inspected->jkt;
  return inspected->signature_valid && inspected->algorithm == algorithm_ &&
         inspected->htm == kHtm && inspected->htu == kHtu &&
         inspected->nonce == kNonce && inspected->ath.empty();
}

}  // namespace proofmint::bench
