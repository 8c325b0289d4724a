// A broker as far as a signer knows one: threads that ask for proofs with a
// plain generated stub, and check what they get.

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
  double rate = 0;  // calls/s of all threads together; 0 is as fast as it goes
  int batch = 1;    // proofs in a call: 1 calls SignProof
  absl::Duration deadline = absl::Seconds(10);  // of a call, retries and all
  // How often the broker calls again for what has failed with a RetryInfo,
  // after that delay and within the deadline. gRPC itself makes at most 5
  // attempts of a call, and none for the items of a batch.
  int repeats = 0;
};

// Broker calls from its making until Stop; each thread calls at least once.
class Broker {
 public:
  struct Counts {
    int64_t calls = 0;
    int64_t failed_calls = 0;  // that brought less than all of their proofs
    int64_t repeats = 0;
    int64_t unlabelled = 0;                   // failures
    std::map<std::string, int64_t> failures;  // of calls and items, by name
    std::string first_failure;
    load::Histogram latency;  // of calls that brought all, in nanoseconds
  };

  // Thread i uses channel i, counted round.
  Broker(const BrokerOptions& options,
         const std::vector<std::shared_ptr<grpc::Channel>>& channels);
  ~Broker() { Stop(); }

  // Waits for the calls in flight.
  void Stop();

  // After Stop.
  Counts TakeCounts();
  const ProofChecker& proofs() const { return proofs_; }

 private:
  void Run(v1::ProofSigner::Stub& stub, int thread);
  void Call(v1::ProofSigner::Stub& stub, int64_t number);
  // Asks once for `requests` and leaves in it those that failed. Returns the
  // last failure; its name is empty if there was none.
  Failure Ask(v1::ProofSigner::Stub& stub, absl::Time deadline,
              std::vector<v1::SignProofRequest>& requests);
  Failure AskBatch(v1::ProofSigner::Stub& stub, grpc::ClientContext& context,
                   std::vector<v1::SignProofRequest>& requests);
  void CountFailure(const Failure& failure);
  bool stopping() const;
  // Sleeps, but not on after Stop.
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
