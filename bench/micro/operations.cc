// The sides that make keys, signatures and proofs on the calling thread.

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/micro/library_proof.h"
#include "bench/micro/sides.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/p256_batch.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::bench {
namespace {

using crypto::Ed25519KeyPair;
using crypto::P256KeyPair;

constexpr size_t kMessageSize = 384;  // bytes, of Ed25519's signing inputs

// Proofmint's kernels. They and the libraries have the same member functions,
// each for a batch of any size.
template <typename Pair>
struct KernelMaker {
  using Key = Pair;

  absl::Status Generate(std::span<Key> keys) const {
    if constexpr (std::is_same_v<Key, P256KeyPair>) {
      return crypto::GenerateP256KeyPairs(kernel, entropy, keys);
    } else {
      return crypto::GenerateEd25519KeyPairs(kernel, entropy, keys);
    }
  }

  absl::Status Sign(std::span<Key> keys, std::span<Signature> made) const {
    if constexpr (std::is_same_v<Key, P256KeyPair>) {
      std::vector<crypto::Es256Job> jobs(keys.size());
      for (size_t i = 0; i < jobs.size(); ++i) {
        jobs[i] = {&keys[i], {}, made[i].signature.data()};
        std::copy(made[i].input.begin(), made[i].input.end(),
                  jobs[i].digest.begin());
      }
      return crypto::SignEs256Batch(kernel, entropy, jobs);
    } else {
      std::vector<crypto::Ed25519Job> jobs(keys.size());
      for (size_t i = 0; i < jobs.size(); ++i) {
        jobs[i] = {&keys[i], made[i].input, made[i].signature.data()};
      }
      return crypto::SignEd25519Batch(kernel, jobs);
    }
  }

  // Makes and wipes the keys, too.
  absl::Status Mint(std::span<Proof> proofs) const {
    std::vector<dpop::ProofKey> keys(proofs.size());
    std::vector<dpop::ProofJob> jobs(proofs.size());
    PROOFMINT_RETURN_IF_ERROR(
        GenerateProofKeys(kernel, algorithm, entropy, keys));
    // As the service does: one draw for all jti.
    std::vector<Jti> jtis(proofs.size());
    PROOFMINT_RETURN_IF_ERROR(
        entropy.Fill(std::span(jtis[0].data(), jtis.size() * sizeof(Jti))));
    for (size_t i = 0; i < proofs.size(); ++i) {
      dpop::HtuBuffer buffer;
      dpop::Claims claims;
      PROOFMINT_RETURN_IF_ERROR(FillClaims(jtis[i], buffer, claims));
      WriteSigningInput(keys[i], claims, proofs[i]);
      jobs[i] = {&keys[i], &proofs[i]};
    }
    return SignProofs(kernel, entropy, jobs);
  }

  KeyPair Take(Key& key) const { return std::move(key); }

  dpop::Algorithm algorithm;
  crypto::Entropy& entropy;
  size_t slice;
  size_t batch;
  crypto::Kernel kernel;
};

struct LibraryMaker {
  using Key = LibraryKey;

  absl::Status Generate(std::span<Key> keys) const {
    for (Key& key : keys) {
      PROOFMINT_RETURN_IF_ERROR(
          OkIf(library.Generate(KeyTypeOf(algorithm), key)));
    }
    return absl::OkStatus();
  }

  absl::Status Sign(std::span<Key> keys, std::span<Signature> made) const {
    for (size_t i = 0; i < keys.size(); ++i) {
      PROOFMINT_RETURN_IF_ERROR(
          OkIf(library.Sign(keys[i], made[i].input, made[i].signature)));
    }
    return absl::OkStatus();
  }

  absl::Status Mint(std::span<Proof> proofs) const {
    for (Proof& proof : proofs) {
      Jti jti;
      PROOFMINT_RETURN_IF_ERROR(entropy.Fill(jti));
      dpop::HtuBuffer buffer;
      dpop::Claims claims;
      PROOFMINT_RETURN_IF_ERROR(FillClaims(jti, buffer, claims));
      PROOFMINT_RETURN_IF_ERROR(
          MintWithLibrary(library, algorithm, claims, proof).status());
    }
    return absl::OkStatus();
  }

  // A private key that cannot be exported is missing, which is found later.
  KeyPair Take(Key& key) const {
    KeyPair pair = PublicHalf(key);
    library.ExportPrivateKey(key, PrivateKeyOf(pair));
    library.Free(key);
    return pair;
  }

  static absl::Status OkIf(bool done) {
    if (done) return absl::OkStatus();
    return absl::InternalError("a call of the library failed");
  }

  dpop::Algorithm algorithm;
  crypto::Entropy& entropy;
  size_t slice;
  size_t batch;
  Library& library;
};

// Calls `work` for each batch in turn, with a function that returns the part of
// a slice's items that is this batch. Returns how many seconds that took.
template <typename Maker, typename Work>
absl::StatusOr<double> TimeBatches(const Maker& maker, Work work) {
  ThreadTimer timer;
  for (size_t i = 0; i < maker.slice; i += maker.batch) {
    PROOFMINT_RETURN_IF_ERROR(work(
        [&](auto& items) { return std::span(items).subspan(i, maker.batch); }));
  }
  return timer.Seconds();
}

template <typename Maker>
absl::StatusOr<double> Keygen(const Maker& maker, Results& results) {
  std::vector<typename Maker::Key> keys(maker.slice);
  PROOFMINT_ASSIGN_OR_RETURN(double seconds, TimeBatches(maker, [&](auto part) {
                               return maker.Generate(part(keys));
                             }));
  for (auto& key : keys) results.push_back(maker.Take(key));
  return seconds;
}

template <typename Maker>
absl::StatusOr<double> Sign(const Maker& maker, Results& results) {
  const size_t input_size = KeyTypeOf(maker.algorithm) == KeyType::kP256
                                ? crypto::kSha256Size
                                : kMessageSize;
  std::vector<typename Maker::Key> keys(maker.slice);
  std::vector<Signature> made(maker.slice);
  PROOFMINT_RETURN_IF_ERROR(maker.Generate(keys));
  for (Signature& signature : made) {
    signature.input.resize(input_size);
    PROOFMINT_RETURN_IF_ERROR(maker.entropy.Fill(signature.input));
  }
  PROOFMINT_ASSIGN_OR_RETURN(double seconds, TimeBatches(maker, [&](auto part) {
                               return maker.Sign(part(keys), part(made));
                             }));
  for (size_t i = 0; i < made.size(); ++i) {
    made[i].key = maker.Take(keys[i]);
    results.push_back(std::move(made[i]));
  }
  return seconds;
}

template <typename Maker>
absl::StatusOr<double> MintProofs(const Maker& maker, Results& results) {
  std::vector<Proof> proofs(maker.slice);
  PROOFMINT_ASSIGN_OR_RETURN(double seconds, TimeBatches(maker, [&](auto part) {
                               return maker.Mint(part(proofs));
                             }));
  for (Proof& proof : proofs) results.push_back(std::move(proof));
  return seconds;
}

template <typename Maker>
Side NewSide(std::string name, Operation operation, const Maker& maker) {
  auto* run = operation == Operation::kKeygen ? Keygen<Maker>
              : operation == Operation::kSign ? Sign<Maker>
                                              : MintProofs<Maker>;
  return {.name = std::move(name),
          .slice = maker.slice,
          .run = [=](Results& results) { return run(maker, results); }};
}

}  // namespace

Side BatchSide(Operation operation, dpop::Algorithm algorithm, size_t batch,
               crypto::Kernel kernel, crypto::Entropy& entropy) {
  const size_t slice = std::max(batch, kMinSlice);
  if (KeyTypeOf(algorithm) == KeyType::kP256) {
    return NewSide(
        "proofmint", operation,
        KernelMaker<P256KeyPair>{algorithm, entropy, slice, batch, kernel});
  }
  return NewSide(
      "proofmint", operation,
      KernelMaker<Ed25519KeyPair>{algorithm, entropy, slice, batch, kernel});
}

Side LibrarySide(std::string name, Operation operation,
                 dpop::Algorithm algorithm, Library& library,
                 crypto::Entropy& entropy) {
  return NewSide(
      std::move(name), operation,
      LibraryMaker{algorithm, entropy, kLibrarySlice, /*batch=*/1, library});
}

}  // namespace proofmint::bench
