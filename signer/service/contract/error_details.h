// Reads the errors of errors.h on the client's side, and converts them between
// absl::Status and the message on the wire. It does without gRPC.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
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
// An absl::Status has its details as payloads under their type URLs.
ErrorDetails DecodeErrorDetails(const google::rpc::Status& status);
ErrorDetails DecodeErrorDetails(const absl::Status& status);

// ToRpcStatus returns `status`, OK or not, with its payloads as details,
// ordered by type URL.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// ToAbslStatus is the reverse. A code that gRPC does not define reads as
// UNKNOWN; of two details of one type the last is kept.
absl::Status ToAbslStatus(const google::rpc::Status& status);

// CodeName returns the name of a gRPC status code, such as "UNAVAILABLE";
// "CODE_99" for an unknown one.
std::string CodeName(int code);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_ERROR_DETAILS_H_
