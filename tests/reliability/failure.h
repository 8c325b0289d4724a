// What a failed call tells its caller.

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
  // Code and reason, such as "UNAVAILABLE OVERLOADED"; the code alone where the
  // service gave no reason.
  std::string name;
  std::string message;
  // When to call again, as the service says.
  std::optional<absl::Duration> retry_delay = std::nullopt;
  // Whether it has all that the contract promises: a reason in the domain
  // "proofmint" and, with UNAVAILABLE and RESOURCE_EXHAUSTED, a RetryInfo; for
  // the UNAVAILABLE of a whole call, a `grpc-retry-pushback-ms` that agrees.
  // What gRPC itself makes of a lost connection has none of it.
  bool labelled = false;
};

// Of a whole call; `context` is that of the call.
Failure DescribeCall(const grpc::Status& status,
                     const grpc::ClientContext& context);

// Of one item of a batch.
Failure DescribeItem(const google::rpc::Status& error);

}  // namespace proofmint::reliability

#endif  // PROOFMINT_TESTS_RELIABILITY_FAILURE_H_
