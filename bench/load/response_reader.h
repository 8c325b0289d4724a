// Evaluates the response or the error of a call.

#ifndef PROOFMINT_BENCH_LOAD_RESPONSE_READER_H_
#define PROOFMINT_BENCH_LOAD_RESPONSE_READER_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"

namespace proofmint::load {

// The reason under which a response that breaks the contract is counted.
inline constexpr absl::string_view kWrongResponse = "WRONG_RESPONSE";

// ErrorCount is a number of proofs that failed for one reason: that of the
// ErrorInfo or, without one, the name of the gRPC code.
struct ErrorCount {
  std::string reason;
  int proofs;
};

// CallResult is the outcome of one call, in proofs.
struct CallResult {
  int ok = 0;
  std::vector<ErrorCount> errors;
  // The server broke its contract: a response that does not parse, of the wrong
  // number of results, or with a result that is neither a proof with its
  // thumbprint and time nor an error. These are in `errors`, too.
  int wrong = 0;
};

// Failure describes a call that failed as a whole.
struct Failure {
  std::string reason;
  // The delay before a retry; empty if a retry cannot succeed.
  std::optional<absl::Duration> retry_delay;
};

// DescribeFailure reads the details of `status`, which is not OK. A call
// with a RetryInfo may be retried after its delay, one that is UNAVAILABLE or
// CANCELLED after `default_delay`.
Failure DescribeFailure(const grpc::Status& status,
                        absl::Duration default_delay);

// ResponseReader checks the structure of responses; the Verifier checks the
// proofs. Reuses its messages, so it is not thread-safe.
class ResponseReader {
 public:
  // `batch` is the number of proofs per call; 1 means SignProof.
  explicit ResponseReader(int batch) : batch_(batch) {}

  // Called with each proof of a response and its place in the call.
  using ProofCallback =
      absl::FunctionRef<void(int place, const v1::SignProofResponse& proof)>;

  // Reads the response of an OK call and empties `response`.
  CallResult Read(grpc::ByteBuffer& response, ProofCallback on_proof);

 private:
  void ReadBatch(ProofCallback on_proof, CallResult& result);

  const int batch_;
  v1::SignProofResponse unary_response_;
  v1::BatchSignProofsResponse batch_response_;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_RESPONSE_READER_H_
