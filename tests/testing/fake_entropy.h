// Provides an entropy source that tests can predict and make fail.

#ifndef PROOFMINT_TESTS_TESTING_FAKE_ENTROPY_H_
#define PROOFMINT_TESTS_TESTING_FAKE_ENTROPY_H_

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "signer/base/mutex.h"
#include "signer/crypto/entropy.h"

namespace proofmint::testing {

// FakeEntropy produces a reproducible stream of distinct bytes. Thread-safe.
class FakeEntropy : public crypto::Entropy {
 public:
  absl::Status Fill(std::span<uint8_t> out) override;

  // Makes the next call of Fill return exactly `bytes`, which must have the
  // size that its caller requests. Repeated calls form a queue.
  void GiveNext(std::string bytes);

  // Lets `successes` more calls of Fill succeed, then makes `failures` calls
  // fail with UNAVAILABLE "entropy: injected failure".
  void FailAfter(int successes, int failures);

  // Returns how often Fill was called since construction or ForgetCalls.
  int calls() const;
  void ForgetCalls();

 private:
  mutable base::Mutex mutex_;
  std::deque<std::string> given_ ABSL_GUARDED_BY(mutex_);
  uint64_t counter_ ABSL_GUARDED_BY(mutex_) = 0;
  int successes_before_failure_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_FAKE_ENTROPY_H_
