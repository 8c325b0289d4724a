// Reads the errors of errors.h on the client's side.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace proofmint::service {

// ErrorDetails is what the details of a google.rpc.Status say. What they do not
// say is empty.
struct ErrorDetails {
  std::string reason;               // of the ErrorInfo
  std::string domain;               // of the ErrorInfo
  std::vector<std::string> fields;  // paths of the BadRequest
  std::optional<absl::Duration> retry_delay;
};

// All functions are thread-safe.

// DecodeErrorDetails skips details of other types and those that do not parse.
ErrorDetails DecodeErrorDetails(const google::rpc::Status& status);

// ToRpcStatus returns the google.rpc.Status that travelled with `status` or,
// without one, the code and message of `status`.
google::rpc::Status ToRpcStatus(const grpc::Status& status);

// CodeName returns the name of a gRPC status code, such as "UNAVAILABLE";
// "CODE_99" for an unknown one.
std::string CodeName(int code);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_
