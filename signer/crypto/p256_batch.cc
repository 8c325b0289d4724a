#include "signer/crypto/p256_batch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "signer/base/status_macros.h"
#include "signer/crypto/constant_time.h"
#include "signer/crypto/p256_kernel.h"
#include "signer/crypto/scalar_field.h"
#include "signer/crypto/sha512_batch.h"

namespace proofmint::crypto {
namespace {

using OrderField = ScalarField<P256Order>;

// The smallest batch for which the kernel is faster than BoringSSL: a kernel
// run takes the same time for one scalar as for a whole vector of them.
constexpr size_t kMinKernelScalars = 3;

// The most attempts at a step that fails with a probability of 2^-200 or less.
// If it fails a second time, the entropy source is broken.
constexpr int kMaxAttempts = 3;
constexpr int kMaxDraws = 8;

// Draws a scalar in [1, n-1] by rejection and writes it to `bytes` and
// `scalar`. The first candidate is what `bytes` already holds.
absl::Status SettleScalar(Entropy& entropy,
                          std::span<uint8_t, kP256ScalarSize> bytes,
                          Limbs256& scalar) {
  for (int draw = 1;; ++draw) {
    scalar = LimbsFromBigEndian(bytes);
    // Rejected candidates are thrown away, so a rejection reveals nothing about
    // the scalar that is kept.
    uint64_t valid = OrderField::IsReducedMask(scalar) & ~IsZeroMask(scalar);
    DeclassifyValue(valid);
    if (valid != 0) return absl::OkStatus();
    if (draw == kMaxDraws) {
      return absl::UnavailableError("p256: no scalar in [1, n-1] in 8 draws");
    }
    PROOFMINT_RETURN_IF_ERROR(entropy.Fill(bytes));
  }
}

struct KeyScratch {
  std::array<std::array<uint8_t, kP256ScalarSize>, kKernelBatchSize> bytes;
  std::array<Limbs256, kKernelBatchSize> scalars;
};

absl::Status GenerateChunk(Entropy& entropy, std::span<P256KeyPair> keys,
                           KeyScratch& scratch) {
  std::array<P256PublicKey, kKernelBatchSize> points;
  std::span<P256PublicKey> used_points = std::span(points).first(keys.size());
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    PROOFMINT_RETURN_IF_ERROR(entropy.Fill(
        std::span(scratch.bytes[0].data(), keys.size() * kP256ScalarSize)));
    for (size_t i = 0; i < keys.size(); ++i) {
      PROOFMINT_RETURN_IF_ERROR(
          SettleScalar(entropy, scratch.bytes[i], scratch.scalars[i]));
    }
    if (!MultiplyP256Base(std::span(scratch.scalars).first(keys.size()),
                          used_points)) {
      continue;
    }
    // Public keys are published.
    Declassify(std::as_bytes(used_points));
    for (size_t i = 0; i < keys.size(); ++i) {
      keys[i].private_scalar = SecretBytes<kP256ScalarSize>(scratch.bytes[i]);
      keys[i].public_key = points[i];
    }
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      "p256: exceptional scalars in each of 3 attempts");
}

// The secret and intermediate values of a signing run, which are wiped after
// it.
struct SigningScratch {
  std::array<std::array<uint8_t, 32>, kKernelBatchSize> entropy;
  std::array<Sha512Digest, kKernelBatchSize> hashes;
  std::array<Limbs256, kKernelBatchSize> nonces;
  std::array<Limbs256, kKernelBatchSize> inverses;
  std::array<P256PublicKey, kKernelBatchSize> points;
  Limbs256 private_scalar;
  Limbs256 sum;
};

// Multiplies the base point by the nonces, with the kernel or one at a time.
// Returns false if the kernel met an exceptional scalar.
absl::StatusOr<bool> MultiplyBase(std::span<const Limbs256> nonces,
                                  std::span<P256PublicKey> points) {
  if (nonces.size() >= kMinKernelScalars) {
    return MultiplyP256Base(nonces, points);
  }
  // BoringSSL's checks of range and infinity are branches on the nonce; they go
  // the same way for every nonce in [1, n-1].
  for (size_t i = 0; i < nonces.size(); ++i) {
    SecretBytes<kP256ScalarSize> bytes;
    LimbsToBigEndian(nonces[i], bytes.ExposeSecret());
    PROOFMINT_ASSIGN_OR_RETURN(P256KeyPair pair,
                               P256KeyPairFromScalar(bytes.ExposeSecret()));
    points[i] = pair.public_key;
  }
  return true;
}

// Derives the nonces of `jobs` and their points. Returns false if a nonce is
// zero or exceptional for the kernel.
absl::StatusOr<bool> MakeNonces(Entropy& entropy,
                                std::span<const Es256Job> jobs,
                                SigningScratch& scratch) {
  PROOFMINT_RETURN_IF_ERROR(
      entropy.Fill(std::span(scratch.entropy[0].data(), jobs.size() * 32)));
  std::array<Sha512Message, kKernelBatchSize> messages;
  for (size_t i = 0; i < jobs.size(); ++i) {
    messages[i].parts = {jobs[i].key->private_scalar.ExposeSecret(),
                         jobs[i].digest, scratch.entropy[i]};
  }
  Sha512Batch(std::span(messages).first(jobs.size()),
              std::span(scratch.hashes).first(jobs.size()));
  uint64_t any_zero = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::array<uint64_t, 8> wide;
    static_assert(sizeof(wide) == sizeof(Sha512Digest) &&
                  std::endian::native == std::endian::little);
    std::memcpy(wide.data(), scratch.hashes[i].data(), sizeof(wide));
    scratch.nonces[i] = OrderField::Reduce(wide);
    any_zero |= IsZeroMask(scratch.nonces[i]);
  }
  // If a nonce is zero, all nonces of the batch are thrown away.
  DeclassifyValue(any_zero);
  if (any_zero != 0) return false;
  return MultiplyBase(std::span(scratch.nonces).first(jobs.size()),
                      std::span(scratch.points).first(jobs.size()));
}

// Computes r and s (FIPS 186-5 section 6.4.1). Returns false if an r or s is
// zero.
bool FinishSignatures(std::span<const Es256Job> jobs, SigningScratch& scratch) {
  OrderField::InvertAllToMontgomery(
      std::span(scratch.nonces).first(jobs.size()),
      std::span(scratch.inverses).first(jobs.size()));
  uint64_t any_zero = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Limbs256 r =
        OrderField::Reduce(LimbsFromBigEndian(scratch.points[i].x));
    const Limbs256 e = OrderField::Reduce(LimbsFromBigEndian(jobs[i].digest));
    scratch.private_scalar =
        LimbsFromBigEndian(jobs[i].key->private_scalar.ExposeSecret());
    scratch.sum = OrderField::MultiplyAdd(r, scratch.private_scalar, e);
    const Limbs256 s =
        OrderField::MontgomeryProduct(scratch.nonces[i], scratch.sum);
    any_zero |= IsZeroMask(r) | IsZeroMask(s);
    std::span<uint8_t, kP256SignatureSize> signature(jobs[i].signature,
                                                     kP256SignatureSize);
    LimbsToBigEndian(r, signature.first<32>());
    LimbsToBigEndian(s, signature.last<32>());
    // Signatures are published.
    Declassify(signature);
  }
  DeclassifyValue(any_zero);
  return any_zero == 0;
}

absl::Status SignChunk(Entropy& entropy, std::span<const Es256Job> jobs,
                       SigningScratch& scratch) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    PROOFMINT_ASSIGN_OR_RETURN(bool usable, MakeNonces(entropy, jobs, scratch));
    if (usable && FinishSignatures(jobs, scratch)) return absl::OkStatus();
  }
  return absl::UnavailableError("p256: unusable nonces in each of 3 attempts");
}

}  // namespace

absl::Status GenerateP256KeyPairs(Kernel kernel, Entropy& entropy,
                                  std::span<P256KeyPair> keys) {
  while (!keys.empty()) {
    const size_t size = std::min(keys.size(), kKernelBatchSize);
    std::span<P256KeyPair> chunk = keys.first(size);
    if (kernel == Kernel::kSimd && size >= kMinKernelScalars) {
      PROOFMINT_RETURN_IF_ERROR(
          RunWithScratch<KeyScratch>([&](KeyScratch& scratch) {
            return GenerateChunk(entropy, chunk, scratch);
          }));
    } else {
      for (P256KeyPair& key : chunk) {
        PROOFMINT_ASSIGN_OR_RETURN(key, GenerateP256KeyPair(entropy));
      }
    }
    keys = keys.subspan(size);
  }
  return absl::OkStatus();
}

absl::Status SignEs256Batch(Kernel kernel, Entropy& entropy,
                            std::span<const Es256Job> jobs) {
  for (const Es256Job& job : jobs) {
    if (job.key->private_scalar.IsWiped()) return WipedKeyError();
  }
  while (!jobs.empty()) {
    const size_t size = std::min(jobs.size(), kKernelBatchSize);
    std::span<const Es256Job> chunk = jobs.first(size);
    if (kernel == Kernel::kSimd) {
      PROOFMINT_RETURN_IF_ERROR(
          RunWithScratch<SigningScratch>([&](SigningScratch& scratch) {
            return SignChunk(entropy, chunk, scratch);
          }));
    } else {
      for (const Es256Job& job : chunk) {
        PROOFMINT_RETURN_IF_ERROR(
            SignEs256(*job.key, job.digest,
                      std::span<uint8_t, kP256SignatureSize>(
                          job.signature, kP256SignatureSize)));
      }
    }
    jobs = jobs.subspan(size);
  }
  return absl::OkStatus();
}

}  // namespace proofmint::crypto
