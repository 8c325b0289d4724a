// Known answers, before anything is signed for a caller.

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

// RunSelfTest makes published keys and signatures on this CPU, in batches of
// several sizes with `kernel` and one at a time. It takes some milliseconds.
// Fails with INTERNAL, naming what differs, if one answer is wrong; nothing of
// this process may then be used. Fails as `entropy` does, too.
absl::Status RunSelfTest(Kernel kernel, Entropy& entropy);

// BatchFunctions are what the self-test judges; a test hands it faulty ones.
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

// RunSelfTestOf is RunSelfTest for other functions than those of this library.
absl::Status RunSelfTestOf(const BatchFunctions& functions, Kernel kernel,
                           Entropy& entropy);

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SELF_TEST_H_
