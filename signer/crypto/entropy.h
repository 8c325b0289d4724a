// Entropy is the source of random bytes.

#ifndef PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_
#define PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace proofmint::crypto {

// Entropy fills buffers with random bytes that are good enough for keys. It is
// an interface so that tests can make it fail or fix its output; production has
// one implementation.
//
// Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;

  // Fills `out`. After an error the contents of `out` are unspecified and must
  // not be used. Errors are transient: the caller may try again.
  virtual absl::Status Fill(std::span<uint8_t> out) = 0;
};

// NewSystemEntropy returns BoringSSL's generator: a CTR-DRBG that is seeded by
// the kernel and seeded again after a fork. NewSystemEntropy calls getrandom(2)
// once and fails as base::ErrnoStatus if that does not work (an old kernel, a
// seccomp filter). Afterwards Fill never fails: BoringSSL aborts the process
// rather than return predictable bytes.
//
// BoringSSL takes a lock for each draw, also for those that it makes itself to
// sign. If a process forks while another of its threads holds that lock, the
// child hangs in its first draw (measured: 1 % of forks, beside a thread that
// draws without pause). So a process with threads should fork only to execute
// another program.
//
// BoringSSL does not notice that a virtual machine was cloned. On Intel's CPUs
// it mixes fresh randomness into each draw. On all others a thread draws the
// same bytes in both clones until its generator is seeded again, after 4,096
// draws.
absl::StatusOr<std::unique_ptr<Entropy>> NewSystemEntropy();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_
