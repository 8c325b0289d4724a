// Serves real proofs over gRPC, which a test can corrupt.

#ifndef PROOFMINT_TESTS_BENCH_LOAD_FAKE_SIGNER_H_
#define PROOFMINT_TESTS_BENCH_LOAD_FAKE_SIGNER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/mutex.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::testing {

// FakeSigner gets its proofs from a TestServer. It serves one call at a time,
// so that a test that delays one call delays all. Thread-safe.
class FakeSigner final : public v1::ProofSigner::Service {
 public:
  struct Faults {
    // Called before a call, with its number from 1; an error becomes its
    // result.
    std::function<grpc::Status(int call)> before = nullptr;
    // Called at the end of a call, to change its response.
    std::function<void(int call, v1::SignProofResponse&)> spoil = nullptr;
    std::function<void(int call, v1::BatchSignProofsResponse&)> spoil_batch =
        nullptr;
  };

  explicit FakeSigner(Faults faults,
                      const std::shared_ptr<grpc::ServerCredentials>&
                          credentials = grpc::InsecureServerCredentials());
  ~FakeSigner() override;

  // Returns the address, on 127.0.0.1.
  std::string target() const;
  int calls();

  grpc::Status SignProof(grpc::ServerContext* context,
                         const v1::SignProofRequest* request,
                         v1::SignProofResponse* response) override;
  grpc::Status BatchSignProofs(grpc::ServerContext* context,
                               const v1::BatchSignProofsRequest* request,
                               v1::BatchSignProofsResponse* response) override;

 private:
  // Forwards a call to the TestServer, and applies the faults.
  template <typename Response, typename Forward>
  grpc::Status Answer(Response& response,
                      const std::function<void(int call, Response&)>& spoil,
                      Forward forward);

  const Faults faults_;
  TestServer upstream_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_ = upstream_.NewStub();
  int port_ = 0;
  base::Mutex mutex_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

// ErrorStatus returns an error with an ErrorInfo and, if there is a delay, a
// RetryInfo.
grpc::Status ErrorStatus(grpc::StatusCode code, const std::string& reason,
                         absl::Duration retry_delay = absl::ZeroDuration());

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_BENCH_LOAD_FAKE_SIGNER_H_
