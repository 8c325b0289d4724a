#include "signer/crypto/p256.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/nid.h>

#include "signer/base/status_macros.h"

namespace proofmint::crypto {
namespace {

constexpr int kMaxDraws = 8;

const EC_GROUP* P256Group() {
  static const EC_GROUP* const group =
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

// Clears BoringSSL's error queue, which grows with every error that is not
// read, and returns UNAVAILABLE.
absl::Status BoringSslError(const char* message) {
  ERR_clear_error();
  return absl::UnavailableError(message);
}

bssl::UniquePtr<BIGNUM> ToBignum(std::span<const uint8_t> bytes) {
  return bssl::UniquePtr<BIGNUM>(
      BN_bin2bn(bytes.data(), bytes.size(), nullptr));
}

// Tells whether the scalar lies in [1, n-1]. Rejected candidates are thrown
// away, so the answer reveals nothing about the key that is kept.
bool IsValidScalar(const BIGNUM* scalar) {
  return !BN_is_zero(scalar) &&
         BN_cmp(scalar, EC_GROUP_get0_order(P256Group())) < 0;
}

absl::Status ComputePublicKey(const BIGNUM* scalar, P256PublicKey& out) {
  bssl::UniquePtr<EC_POINT> point(EC_POINT_new(P256Group()));
  bssl::UniquePtr<BIGNUM> x(BN_new());
  bssl::UniquePtr<BIGNUM> y(BN_new());
  if (!point || !x || !y ||
      !EC_POINT_mul(P256Group(), point.get(), scalar, nullptr, nullptr,
                    nullptr) ||
      !EC_POINT_get_affine_coordinates_GFp(P256Group(), point.get(), x.get(),
                                           y.get(), nullptr) ||
      !BN_bn2bin_padded(out.x.data(), out.x.size(), x.get()) ||
      !BN_bn2bin_padded(out.y.data(), out.y.size(), y.get())) {
    return BoringSslError("p256: BoringSSL could not compute the public key");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<P256KeyPair> GenerateP256KeyPair(Entropy& entropy) {
  SecretBytes<kP256ScalarSize> candidate;
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    PROOFMINT_RETURN_IF_ERROR(entropy.Fill(candidate.ExposeSecret()));
    absl::StatusOr<P256KeyPair> key =
        P256KeyPairFromScalar(candidate.ExposeSecret());
    if (!absl::IsInvalidArgument(key.status())) return key;
  }
  return absl::UnavailableError("p256: no scalar in [1, n-1] in 8 draws");
}

absl::StatusOr<P256KeyPair> P256KeyPairFromScalar(
    std::span<const uint8_t, kP256ScalarSize> private_scalar) {
  bssl::UniquePtr<BIGNUM> scalar = ToBignum(private_scalar);
  if (!scalar) return BoringSslError("p256: BoringSSL could not allocate");
  if (!IsValidScalar(scalar.get())) {
    return absl::InvalidArgumentError(
        "private_scalar: out of range, want 1 to n-1");
  }
  P256KeyPair key = {SecretBytes<kP256ScalarSize>(private_scalar), {}};
  PROOFMINT_RETURN_IF_ERROR(RunAndWipeStack(
      [&] { return ComputePublicKey(scalar.get(), key.public_key); }));
  return key;
}

absl::Status SignEs256(const P256KeyPair& key, const Sha256Digest& digest,
                       std::span<uint8_t, kP256SignatureSize> signature) {
  // BoringSSL would sign with a wiped key, and the signature would be invalid.
  if (key.private_scalar.IsWiped()) return WipedKeyError();
  bssl::UniquePtr<EC_KEY> ec_key(
      EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<BIGNUM> scalar = ToBignum(key.private_scalar.ExposeSecret());
  // Signing reads the private scalar only, so the public key is left unset.
  if (!ec_key || !scalar ||
      !EC_KEY_set_private_key(ec_key.get(), scalar.get())) {
    return BoringSslError("p256: BoringSSL could not set the private key");
  }
  bssl::UniquePtr<ECDSA_SIG> sig(RunAndWipeStack([&] {
    return ECDSA_do_sign(digest.data(), digest.size(), ec_key.get());
  }));
  if (!sig ||
      !BN_bn2bin_padded(signature.data(), kP256ScalarSize,
                        ECDSA_SIG_get0_r(sig.get())) ||
      !BN_bn2bin_padded(signature.data() + kP256ScalarSize, kP256ScalarSize,
                        ECDSA_SIG_get0_s(sig.get()))) {
    return BoringSslError("p256: BoringSSL could not sign");
  }
  return absl::OkStatus();
}

bool VerifyEs256(const P256PublicKey& public_key, const Sha256Digest& digest,
                 std::span<const uint8_t, kP256SignatureSize> signature) {
  bssl::UniquePtr<EC_KEY> ec_key(
      EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<BIGNUM> x = ToBignum(public_key.x);
  bssl::UniquePtr<BIGNUM> y = ToBignum(public_key.y);
  bssl::UniquePtr<BIGNUM> r = ToBignum(signature.first<kP256ScalarSize>());
  bssl::UniquePtr<BIGNUM> s = ToBignum(signature.last<kP256ScalarSize>());
  bssl::UniquePtr<ECDSA_SIG> sig(ECDSA_SIG_new());
  bool valid = false;
  if (ec_key && x && y && r && s && sig &&
      EC_KEY_set_public_key_affine_coordinates(ec_key.get(), x.get(),
                                               y.get()) &&
      ECDSA_SIG_set0(sig.get(), r.get(), s.get())) {
    (void)r.release();  // `sig` owns both now.
    (void)s.release();
    valid = ECDSA_do_verify(digest.data(), digest.size(), sig.get(),
                            ec_key.get()) == 1;
  }
  ERR_clear_error();
  return valid;
}

}  // namespace proofmint::crypto
