// Describes what a failed call tells its caller.

#ifndef PROOFMINT_TESTS_RELIABILITY_FAILURE_H_
#define PROOFMINT_TESTS_RELIABILITY_FAILURE_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace proofmint::reliability {

struct Failure {
  // The code and reason, such as "UNAVAILABLE OVERLOADED"; the code alone if
  // the service gave no reason.
  std::string name;
  std::string message;
  // The service's delay before a retry.
  std::optional<absl::Duration> retry_delay = std::nullopt;
  // True if the error has all that the contract promises: a reason in the
  // domain "proofmint" and, with UNAVAILABLE and RESOURCE_EXHAUSTED, a
  // RetryInfo; for the UNAVAILABLE of a whole call, a `grpc-retry-pushback-ms`
  // that agrees. Errors that gRPC makes itself, for a lost connection, have
  // none of it.
  bool labelled = false;
};

// Describes the failure of a whole call, which had `context`.
Failure DescribeCall(const grpc::Status& status,
                     const grpc::ClientContext& context);

// Describes the failure of one item of a batch.
Failure DescribeItem(const google::rpc::Status& error);

}  // namespace proofmint::reliability

#endif  // PROOFMINT_TESTS_RELIABILITY_FAILURE_H_
