// Simulates a broker: threads that request proofs with a plain generated stub
// and check every proof.

#ifndef PROOFMINT_TESTS_RELIABILITY_BROKER_H_
#define PROOFMINT_TESTS_RELIABILITY_BROKER_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bench/load/histogram.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/mutex.h"
#include "tests/reliability/failure.h"
#include "tests/reliability/proof_checker.h"

namespace proofmint::reliability {

struct BrokerOptions {
  int threads = 8;
  double rate = 0;  // calls/s of all threads together; 0: no pauses
  int batch = 1;    // proofs per call; 1 calls SignProof
  absl::Duration deadline = absl::Seconds(10);  // of a call, with its retries
  // How often the broker itself repeats what failed with a RetryInfo, after
  // that delay and within the deadline. gRPC makes at most 5 attempts of a
  // call, and never retries an item of a batch.
  int repeats = 0;
};

// Broker sends calls from its construction until Stop, on threads of its own;
// each thread sends at least one. Stop and TakeCounts are for one thread.
class Broker {
 public:
  struct Counts {
    int64_t calls = 0;
    int64_t failed_calls = 0;  // that returned fewer proofs than requested
    int64_t repeats = 0;
    int64_t unlabelled = 0;                   // failures
    std::map<std::string, int64_t> failures;  // of calls and items, by name
    std::string first_failure;
    load::Histogram latency;  // of calls that returned all, in nanoseconds
  };

  // Thread i uses channel i modulo their number.
  Broker(const BrokerOptions& options,
         const std::vector<std::shared_ptr<grpc::Channel>>& channels);
  ~Broker() { Stop(); }

  // Ends all threads; waits for the calls in flight.
  void Stop();

  // Returns the counts; to be called after Stop.
  Counts TakeCounts();
  const ProofChecker& proofs() const { return proofs_; }

 private:
  void Run(v1::ProofSigner::Stub& stub, int thread);
  void Call(v1::ProofSigner::Stub& stub, int64_t number);
  // Makes one call for `requests` and leaves in it those that failed. Returns
  // the last failure; its name is empty if there was none.
  Failure Ask(v1::ProofSigner::Stub& stub, absl::Time deadline,
              std::vector<v1::SignProofRequest>& requests);
  Failure AskBatch(v1::ProofSigner::Stub& stub, grpc::ClientContext& context,
                   std::vector<v1::SignProofRequest>& requests);
  void CountFailure(const Failure& failure);
  bool stopping() const;
  // Sleeps until `time` or Stop.
  void SleepUntil(absl::Time time);

  const BrokerOptions options_;
  ProofChecker proofs_;
  mutable base::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<v1::ProofSigner::Stub>> stubs_;
  std::vector<std::thread> threads_;
};

}  // namespace proofmint::reliability

#endif  // PROOFMINT_TESTS_RELIABILITY_BROKER_H_
