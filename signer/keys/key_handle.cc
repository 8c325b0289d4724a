#include "signer/keys/key_handle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/aes_gcm_siv.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/sha2.h"

namespace proofmint::keys {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kPrivateKeySize = 32;  // of either curve
constexpr size_t kSealedSize = kPrivateKeySize + crypto::kAesGcmSivTagSize;
constexpr size_t kHeaderSize = 1 + 1 + 8 + kKekIdSize;
static_assert(crypto::kP256ScalarSize == kPrivateKeySize);
static_assert(crypto::kEd25519SeedSize == kPrivateKeySize);
static_assert(kHeaderSize + crypto::kAesGcmSivNonceSize + kSealedSize ==
              kKeyHandleSize);

using Nonce = std::array<uint8_t, crypto::kAesGcmSivNonceSize>;
using PrivateKey = crypto::SecretBytes<kPrivateKeySize>;

// The numbers are those of the protocol's enum.
char CodeOf(dpop::Algorithm algorithm) {
  switch (algorithm) {
    case dpop::Algorithm::kEs256:
      return 1;
    case dpop::Algorithm::kEd25519:
      return 2;
    case dpop::Algorithm::kEdDsa:
      return 3;
  }
  __builtin_unreachable();
}

std::string BigEndian(int64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(number >> shift));
  }
  return bytes;
}

int64_t FromBigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (uint8_t byte : crypto::AsBytes(bytes)) number = number << 8 | byte;
  return static_cast<int64_t>(number);
}

// The header has one size, so that where it ends and the caller begins is
// never in doubt. The nonce is authenticated as such.
std::string AssociatedData(absl::string_view header, absl::string_view caller) {
  return absl::StrCat(header, caller);
}

const PrivateKey& PrivateKeyOf(const dpop::ProofKey& key) {
  const auto* p256 = std::get_if<crypto::P256KeyPair>(&key.key_pair());
  return p256 != nullptr
             ? p256->private_scalar
             : std::get<crypto::Ed25519KeyPair>(key.key_pair()).seed;
}

bool IsOfItsType(const dpop::ProofKey& key, dpop::Algorithm algorithm) {
  return std::holds_alternative<crypto::P256KeyPair>(key.key_pair()) ==
         (algorithm == dpop::Algorithm::kEs256);
}

absl::StatusOr<dpop::ProofKey> MakeProofKey(dpop::Algorithm algorithm,
                                            const PrivateKey& private_key) {
  if (algorithm == dpop::Algorithm::kEs256) {
    PROOFMINT_ASSIGN_OR_RETURN(
        crypto::P256KeyPair key_pair,
        crypto::P256KeyPairFromScalar(private_key.ExposeSecret()));
    return dpop::ProofKey(algorithm, std::move(key_pair));
  }
  return dpop::ProofKey(
      algorithm, crypto::Ed25519KeyPairFromSeed(private_key.ExposeSecret()));
}

absl::Status RefusedError() {
  return absl::InvalidArgumentError(
      "key_handle: got one that has expired or was not made here for this "
      "caller and algorithm, want one of an earlier answer");
}

}  // namespace

absl::Status SealKeyHandle(const KeyEncryptionKeys& keks,
                           const dpop::ProofKey& key, dpop::Algorithm algorithm,
                           absl::string_view caller, absl::Time expiry,
                           crypto::Entropy& entropy, std::string& handle) {
  if (!IsOfItsType(key, algorithm)) {
    return absl::FailedPreconditionError(
        "key: got a key of another type, want one of the handle's algorithm");
  }
  const PrivateKey& private_key = PrivateKeyOf(key);
  if (private_key.IsWiped()) return crypto::WipedKeyError();
  Nonce nonce;
  PROOFMINT_RETURN_IF_ERROR(entropy.Fill(nonce));
  const KeyEncryptionKeys::Key& kek = keks.sealing_key();
  std::string header = {static_cast<char>(kVersion), CodeOf(algorithm)};
  header += BigEndian(absl::ToUnixSeconds(
      absl::UnixEpoch() +
      absl::Ceil(expiry - absl::UnixEpoch(), absl::Seconds(1))));
  header.append(kek.id.begin(), kek.id.end());
  std::array<uint8_t, kSealedSize> sealed;
  PROOFMINT_RETURN_IF_ERROR(
      kek.cipher.Seal(nonce, private_key.ExposeSecret(),
                      crypto::AsBytes(AssociatedData(header, caller)), sealed));
  handle += header;
  handle.append(nonce.begin(), nonce.end());
  handle.append(sealed.begin(), sealed.end());
  return absl::OkStatus();
}

//= rfc9449#5
//# As a result, such a client MUST present a DPoP proof for the same key that
//# was used to obtain the refresh token each time that refresh token is used to
//# obtain a new access token.
absl::StatusOr<dpop::ProofKey> OpenKeyHandle(const KeyEncryptionKeys& keks,
                                             absl::string_view handle,
                                             dpop::Algorithm algorithm,
                                             absl::string_view caller,
                                             absl::Time now) {
  if (handle.size() != kKeyHandleSize || handle[0] != kVersion ||
      handle[1] != CodeOf(algorithm) ||
      FromBigEndian(handle.substr(2, 8)) <= absl::ToUnixSeconds(now)) {
    return RefusedError();
  }
  std::span<const uint8_t> bytes = crypto::AsBytes(handle);
  KekId id;
  std::copy_n(bytes.begin() + kHeaderSize - kKekIdSize, kKekIdSize, id.begin());
  const KeyEncryptionKeys::Key* kek = keks.Find(id);
  if (kek == nullptr) return RefusedError();
  // From here on a forged handle, one of another caller and one whose expiry
  // was changed take the same way.
  const std::string associated_data =
      AssociatedData(handle.substr(0, kHeaderSize), caller);
  PrivateKey private_key;
  if (!kek->cipher.Open(
          bytes.subspan<kHeaderSize, crypto::kAesGcmSivNonceSize>(),
          bytes.last<kSealedSize>(), crypto::AsBytes(associated_data),
          private_key.ExposeSecret())) {
    return RefusedError();
  }
  // A handle that is authentic but holds no valid key was not sealed by us. A
  // seed of zeros would pass for one that was wiped, and fail all signatures of
  // its batch.
  if (private_key.IsWiped()) return RefusedError();
  absl::StatusOr<dpop::ProofKey> key = MakeProofKey(algorithm, private_key);
  if (!key.ok()) return RefusedError();
  return key;
}

}  // namespace proofmint::keys
