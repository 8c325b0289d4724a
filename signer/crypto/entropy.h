// Where random bytes come from.

#ifndef PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_
#define PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace proofmint::crypto {

// Entropy fills buffers with random bytes fit for keys. It is an interface so
// that tests can fail it or fix its output; production has one implementation.
//
// Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;

  // Fills `out`. After an error the contents of `out` are unspecified and must
  // not be used; the error is passing and the call may be repeated.
  virtual absl::Status Fill(std::span<uint8_t> out) = 0;
};

// NewSystemEntropy returns BoringSSL's generator, a CTR-DRBG seeded by the
// kernel that notices forks. It asks the kernel once and fails with
// FAILED_PRECONDITION where getrandom(2) is not usable (an old kernel, a
// seccomp filter); once that works, BoringSSL never fails: it aborts the
// process rather than return predictable bytes.
//
// BoringSSL takes a lock in each draw, its own draws for signatures included. A
// child that a process forks while another of its threads holds that lock hangs
// in its first draw (1 % of forks beside a thread that draws without pause): a
// process with threads should only fork to execute another program.
//
// Nor does BoringSSL notice that a virtual machine has been cloned. Only on
// Intel's CPUs does it mix fresh randomness into each draw; elsewhere each
// thread of both clones draws the same bytes until it is seeded again, after
// 4,096 draws.
absl::StatusOr<std::unique_ptr<Entropy>> NewSystemEntropy();

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_ENTROPY_H_
