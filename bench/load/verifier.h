// Verifies a sample of the proofs in full, in idle CPU time.

#ifndef PROOFMINT_BENCH_LOAD_VERIFIER_H_
#define PROOFMINT_BENCH_LOAD_VERIFIER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/thread.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::load {

// Verifier checks proofs with InspectProof on a thread of its own, which runs
// only when a CPU is idle: signature, algorithm, htm, htu,
// nonce, that jkt and iat are those of the response, that jti has 128 bits, and
// that neither jti nor jkt was seen before.
//
// Add and Finish are for one thread at a time.
class Verifier {
 public:
  struct Counts {
    int64_t verified = 0;  // including failures
    int64_t failures = 0;
    std::string first_failure;  // empty without failures
  };

  // Start makes a verifier of proofs that have `nonce`, and starts its thread.
  // Fails as base::Thread::Start does.
  static absl::StatusOr<std::unique_ptr<Verifier>> Start(std::string nonce);

  // Drops proofs that are not verified yet.
  ~Verifier();

  // Adds a proof to the backlog. Never blocks; returns false and drops the
  // proof while the backlog is full.
  bool Add(dpop::Algorithm asked_for, const v1::SignProofResponse& response);

  // Waits until all added proofs are verified; returns the counts since the
  // last Finish.
  Counts Finish();

  // The capacity of the backlog, about 8 MB of proofs.
  static constexpr size_t kBacklog = 8192;

 private:
  struct Sample {
    dpop::Algorithm asked_for;
    std::string proof;
    std::string jkt;
    int64_t iat;
  };
  // An Identity is 128 bits of a jti or of a thumbprint.
  using Identity = std::array<char, 16>;

  explicit Verifier(std::string nonce);

  void Run();  // the body of the thread
  absl::Status Verify(const Sample& sample);

  const std::string nonce_;
  // The backlog is a ring with one writer, one reader and no lock, since a
  // thread that runs in idle time only may hold a lock for long. Both counters
  // only grow.
  std::vector<Sample> ring_;
  std::atomic<uint64_t> added_ = 0;
  std::atomic<uint64_t> taken_ = 0;
  std::atomic<bool> stop_ = false;
  // Confined to the thread, and to Finish while the thread is idle.
  Counts counts_;
  absl::flat_hash_set<Identity> seen_jtis_;
  absl::flat_hash_set<Identity> seen_jkts_;
  base::Thread thread_;  // last, because it uses the other members
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_VERIFIER_H_
