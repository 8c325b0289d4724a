// What was timed, kept until it is verified.

#ifndef PROOFMINT_BENCH_RESULTS_H_
#define PROOFMINT_BENCH_RESULTS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/library.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::bench {

// The type of an algorithm's keys.
KeyType KeyTypeOf(dpop::Algorithm algorithm);

// Results collects keys, signatures and proofs of one algorithm. It judges them
// by BoringSSL, one at a time, whoever made them. Not thread-safe.
class Results {
 public:
  explicit Results(dpop::Algorithm algorithm) : algorithm_(algorithm) {}

  // The public key has 64 bytes for P-256 and 32 for Ed25519; `input` is a
  // SHA-256 digest for P-256 and the message for Ed25519.
  void AddKey(std::span<const uint8_t> private_key,
              std::span<const uint8_t> public_key);
  void AddSignature(std::span<const uint8_t> public_key,
                    std::span<const uint8_t> input,
                    std::span<const uint8_t> signature);
  void AddProof(std::string proof);

  // Flips a bit of one result, to show that Verify finds it.
  void CorruptOne();

  // Checks that every public key belongs to its private key, every signature is
  // valid, every proof is one by InspectProof with the claims of proof_text.h,
  // and no key came twice. Forgets them all. INTERNAL if anything is wrong.
  absl::Status Verify();

 private:
  struct Key {
    std::array<uint8_t, kPrivateKeySize> private_key;
    std::array<uint8_t, kPublicKeySize> public_key = {};
  };
  struct Signature {
    std::array<uint8_t, kPublicKeySize> public_key = {};
    std::vector<uint8_t> input;
    std::array<uint8_t, kSignatureSize> signature;
  };

  bool IsRight(const Key& key) const;
  bool IsRight(const Signature& signature) const;
  // Gives the key's thumbprint.
  bool IsRight(const std::string& proof, std::string& jkt) const;

  dpop::Algorithm algorithm_;
  std::vector<Key> keys_;
  std::vector<Signature> signatures_;
  std::vector<std::string> proofs_;
};

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_RESULTS_H_
