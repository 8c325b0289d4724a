// Runs the cryptographic self-test: known answers, checked before anything is
// signed for a caller.

#ifndef PROOFMINT_SIGNER_CRYPTO_SELF_TEST_H_
#define PROOFMINT_SIGNER_CRYPTO_SELF_TEST_H_

#include <functional>
#include <span>

#include "absl/status/status.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/p256_batch.h"

namespace proofmint::crypto {

// RunSelfTest computes published keys and signatures on this CPU with `kernel`,
// one at a time and in batches of several sizes, and compares them with the
// published values (ES256 signatures, which are random, are verified). Takes
// some milliseconds. Fails with INTERNAL, naming what is wrong, if one result
// is wrong: the process must then sign nothing. Fails as `entropy` does, too.
absl::Status RunSelfTest(Kernel kernel, Entropy& entropy);

// BatchFunctions are the functions that the self-test checks. Tests replace
// them by faulty ones.
struct BatchFunctions {
  std::function<absl::Status(Kernel, Entropy&, std::span<P256KeyPair>)>
      generate_p256 = GenerateP256KeyPairs;
  std::function<absl::Status(Kernel, Entropy&, std::span<const Es256Job>)>
      sign_es256 = SignEs256Batch;
  std::function<absl::Status(Kernel, Entropy&, std::span<Ed25519KeyPair>)>
      generate_ed25519 = GenerateEd25519KeyPairs;
  std::function<absl::Status(Kernel, std::span<const Ed25519Job>)>
      sign_ed25519 = SignEd25519Batch;
};

// RunSelfTestOf is RunSelfTest for the given functions. For tests.
absl::Status RunSelfTestOf(const BatchFunctions& functions, Kernel kernel,
                           Entropy& entropy);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SELF_TEST_H_
