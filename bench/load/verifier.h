// Full verification of some of the proofs, in the time that the load leaves.

#ifndef PROOFMINT_BENCH_LOAD_VERIFIER_H_
#define PROOFMINT_BENCH_LOAD_VERIFIER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::load {

// Verifier checks proofs with InspectProof on a thread of its own, which runs
// only when the CPU has nothing else to do: signature, algorithm, htm, htu,
// nonce, that jkt and iat are those of the response, that jti has 128 bits, and
// that neither jti nor jkt came before.
//
// Add and Finish are called by one thread at a time.
class Verifier {
 public:
  struct Counts {
    int64_t verified = 0;  // with the failures
    int64_t failures = 0;
    std::string first_failure;  // what was wrong; empty without failures
  };

  explicit Verifier(std::string nonce);
  // What is not verified yet is let go.
  ~Verifier();

  // Never waits. Returns false, and takes nothing, while kBacklog proofs wait.
  bool Add(dpop::Algorithm asked_for, const v1::SignProofResponse& response);

  // Verifies all that was added and returns the counts since the last Finish.
  Counts Finish();

  // Some 8 MB of proofs.
  static constexpr size_t kBacklog = 8192;

 private:
  struct Sample {
    dpop::Algorithm asked_for;
    std::string proof;
    std::string jkt;
    int64_t iat;
  };
  // 128 bits of a jti or of a thumbprint.
  using Identity = std::array<char, 16>;

  void Run();
  absl::Status Verify(const Sample& sample);

  const std::string nonce_;
  // A ring with one writer and one reader and no lock, since a thread that runs
  // in idle time only may hold one for long. Both counters only grow.
  std::vector<Sample> ring_;
  std::atomic<uint64_t> added_ = 0;
  std::atomic<uint64_t> taken_ = 0;
  std::atomic<bool> stop_ = false;
  // Of the thread, and of Finish while the thread has nothing to do.
  Counts counts_;
  absl::flat_hash_set<Identity> seen_jtis_;
  absl::flat_hash_set<Identity> seen_jkts_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_VERIFIER_H_
