// Keys, signatures and proofs that were timed, and their verification.

#ifndef PROOFMINT_BENCH_MICRO_RESULTS_H_
#define PROOFMINT_BENCH_MICRO_RESULTS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bench/micro/library.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::bench {

// KeyTypeOf returns the type of an algorithm's keys.
KeyType KeyTypeOf(dpop::Algorithm algorithm);

// A broker typically asks for this: a token request with the server's nonce.
inline constexpr absl::string_view kHtm = "POST";
inline constexpr absl::string_view kHtu = "https://idp.example/oauth2/token";
inline constexpr absl::string_view kNonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";

// The random bytes of the claim jti.
using Jti = decltype(dpop::Claims::jti);

// FillClaims does what the service does for each proof: the htu is checked and
// normalized into `buffer`, which must outlive `claims`; the iat is the time
// now.
absl::Status FillClaims(const Jti& jti, dpop::HtuBuffer& buffer,
                        dpop::Claims& claims);

using KeyPair = std::variant<crypto::P256KeyPair, crypto::Ed25519KeyPair>;

// The key pair of a library with the private key missing, and where that goes.
KeyPair PublicHalf(const LibraryKey& key);
std::span<uint8_t, kPrivateKeySize> PrivateKeyOf(KeyPair& pair);

struct Signature {
  KeyPair key;                 // the private key may be missing
  std::vector<uint8_t> input;  // a SHA-256 digest for P-256, else the message
  std::array<uint8_t, kSignatureSize> signature;
};

using Proof = std::string;

// A key pair with the header that the pool prepared for it. Much larger than
// the other results, and therefore not among them itself.
using PoolKey = std::unique_ptr<dpop::ProofKey>;

using Result = std::variant<KeyPair, PoolKey, Signature, Proof>;
using Results = std::vector<Result>;

// ResultVerifier verifies the results of one algorithm with BoringSSL's calls
// for one item at a time, also those that Proofmint's kernels made. Not
// thread-safe.
class ResultVerifier {
 public:
  explicit ResultVerifier(dpop::Algorithm algorithm) : algorithm_(algorithm) {}

  // Checks that every public key belongs to its private key, every header to
  // its key, every signature is valid, every proof is one by InspectProof with
  // the claims above, and no key but those of signatures came before, in this
  // call or an earlier one. INTERNAL if anything is wrong, or if there are no
  // results.
  absl::Status Verify(std::span<const Result> results);

 private:
  bool IsRight(const KeyPair& key);
  bool IsRight(const PoolKey& key);
  bool IsRight(const Signature& signature);
  bool IsRight(const Proof& proof);

  dpop::Algorithm algorithm_;
  std::unordered_set<std::string> seen_jkts_;
};

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MICRO_RESULTS_H_
