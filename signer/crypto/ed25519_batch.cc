#include "signer/crypto/ed25519_batch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "signer/base/status_macros.h"
#include "signer/crypto/constant_time.h"
#include "signer/crypto/ed25519_kernel.h"
#include "signer/crypto/scalar_field.h"
#include "signer/crypto/sha512_batch.h"

namespace proofmint::crypto {
namespace {

using OrderField = ScalarField<Ed25519Order>;

// The smallest batch for which the kernel is faster than BoringSSL: a kernel
// run takes the same time for one scalar as for a whole vector of them.
constexpr size_t kMinKernelScalars = 3;

using Points = std::array<Ed25519PublicKey, kKernelBatchSize>;

// Returns the secret scalar: the first half of the SHA-512 of a seed, clamped
// (RFC 8032 section 5.1.5). The second half is the prefix from which nonces are
// derived.
Limbs256 ClampedScalar(const Sha512Digest& hash) {
  Limbs256 scalar =
      LimbsFromLittleEndian(std::span(hash).first<kEd25519SeedSize>());
  scalar[0] &= ~uint64_t{7};
  scalar[3] &= (uint64_t{1} << 63) - 1;
  scalar[3] |= uint64_t{1} << 62;
  return scalar;
}

Limbs256 ReduceHash(const Sha512Digest& hash) {
  std::array<uint64_t, 8> wide;
  static_assert(sizeof(wide) == sizeof(Sha512Digest) &&
                std::endian::native == std::endian::little);
  std::memcpy(wide.data(), hash.data(), sizeof(wide));
  return OrderField::Reduce(wide);
}

struct KeyScratch {
  std::array<std::array<uint8_t, kEd25519SeedSize>, kKernelBatchSize> seeds;
  std::array<Sha512Digest, kKernelBatchSize> hashes;
  std::array<Limbs256, kKernelBatchSize> scalars;
};

absl::Status GenerateChunk(Entropy& entropy, std::span<Ed25519KeyPair> keys,
                           KeyScratch& scratch) {
  PROOFMINT_RETURN_IF_ERROR(entropy.Fill(
      std::span(scratch.seeds[0].data(), keys.size() * kEd25519SeedSize)));
  std::array<Sha512Message, kKernelBatchSize> messages;
  for (size_t i = 0; i < keys.size(); ++i) {
    messages[i].parts = {scratch.seeds[i]};
  }
  Sha512Batch(std::span(messages).first(keys.size()),
              std::span(scratch.hashes).first(keys.size()));
  for (size_t i = 0; i < keys.size(); ++i) {
    scratch.scalars[i] = ClampedScalar(scratch.hashes[i]);
  }
  Points points;
  std::span<Ed25519PublicKey> used_points =
      std::span(points).first(keys.size());
  MultiplyEd25519Base(std::span(scratch.scalars).first(keys.size()),
                      used_points);
  // Public keys are published.
  Declassify(std::as_bytes(used_points));
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i].seed = SecretBytes<kEd25519SeedSize>(scratch.seeds[i]);
    if (keys[i].seed.IsWiped()) return ZeroSeedError();
    keys[i].public_key = points[i];
  }
  return absl::OkStatus();
}

struct SigningScratch {
  std::array<Sha512Digest, kKernelBatchSize> expanded_keys;
  std::array<Sha512Digest, kKernelBatchSize> hashes;
  std::array<Limbs256, kKernelBatchSize> nonces;
  Limbs256 scalar;
};

// Signs as RFC 8032 section 5.1.6 says. Always returns OK.
absl::Status SignChunk(std::span<const Ed25519Job> jobs,
                       SigningScratch& scratch) {
  std::array<Sha512Message, kKernelBatchSize> messages;
  std::span<const Sha512Message> used_messages =
      std::span(messages).first(jobs.size());

  for (size_t i = 0; i < jobs.size(); ++i) {
    messages[i].parts = {jobs[i].key->seed.ExposeSecret()};
  }
  Sha512Batch(used_messages,
              std::span(scratch.expanded_keys).first(jobs.size()));

  for (size_t i = 0; i < jobs.size(); ++i) {
    messages[i].parts = {
        std::span(scratch.expanded_keys[i]).last<kEd25519SeedSize>(),
        jobs[i].message};
  }
  Sha512Batch(used_messages, std::span(scratch.hashes).first(jobs.size()));
  for (size_t i = 0; i < jobs.size(); ++i) {
    scratch.nonces[i] = ReduceHash(scratch.hashes[i]);
  }
  Points points;
  std::span<Ed25519PublicKey> used_points =
      std::span(points).first(jobs.size());
  MultiplyEd25519Base(std::span(scratch.nonces).first(jobs.size()),
                      used_points);
  // R is the first half of the signature.
  Declassify(std::as_bytes(used_points));

  for (size_t i = 0; i < jobs.size(); ++i) {
    messages[i].parts = {points[i], jobs[i].key->public_key, jobs[i].message};
  }
  Sha512Batch(used_messages, std::span(scratch.hashes).first(jobs.size()));
  for (size_t i = 0; i < jobs.size(); ++i) {
    scratch.scalar =
        OrderField::Reduce(ClampedScalar(scratch.expanded_keys[i]));
    const Limbs256 s = OrderField::MultiplyAdd(
        ReduceHash(scratch.hashes[i]), scratch.scalar, scratch.nonces[i]);
    std::copy(points[i].begin(), points[i].end(), jobs[i].signature);
    std::span<uint8_t, 32> second_half(jobs[i].signature + 32, 32);
    LimbsToLittleEndian(s, second_half);
    // Signatures are published.
    Declassify(second_half);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status GenerateEd25519KeyPairs(Kernel kernel, Entropy& entropy,
                                     std::span<Ed25519KeyPair> keys) {
  while (!keys.empty()) {
    const size_t size = std::min(keys.size(), kKernelBatchSize);
    std::span<Ed25519KeyPair> chunk = keys.first(size);
    if (kernel == Kernel::kSimd && size >= kMinKernelScalars) {
      PROOFMINT_RETURN_IF_ERROR(
          RunWithScratch<KeyScratch>([&](KeyScratch& scratch) {
            return GenerateChunk(entropy, chunk, scratch);
          }));
    } else {
      for (Ed25519KeyPair& key : chunk) {
        PROOFMINT_ASSIGN_OR_RETURN(key, GenerateEd25519KeyPair(entropy));
      }
    }
    keys = keys.subspan(size);
  }
  return absl::OkStatus();
}

absl::Status SignEd25519Batch(Kernel kernel, std::span<const Ed25519Job> jobs) {
  for (const Ed25519Job& job : jobs) {
    if (job.key->seed.IsWiped()) return WipedKeyError();
  }
  while (!jobs.empty()) {
    const size_t size = std::min(jobs.size(), kKernelBatchSize);
    std::span<const Ed25519Job> chunk = jobs.first(size);
    if (kernel == Kernel::kSimd && size >= kMinKernelScalars) {
      PROOFMINT_RETURN_IF_ERROR(RunWithScratch<SigningScratch>(
          [&](SigningScratch& scratch) { return SignChunk(chunk, scratch); }));
    } else {
      for (const Ed25519Job& job : chunk) {
        PROOFMINT_RETURN_IF_ERROR(
            SignEd25519(*job.key, job.message,
                        std::span<uint8_t, kEd25519SignatureSize>(
                            job.signature, kEd25519SignatureSize)));
      }
    }
    jobs = jobs.subspan(size);
  }
  return absl::OkStatus();
}

}  // namespace proofmint::crypto
