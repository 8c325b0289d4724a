// The connections to the servers under load.

#ifndef PROOFMINT_BENCH_LOAD_CONNECTIONS_H_
#define PROOFMINT_BENCH_LOAD_CONNECTIONS_H_

#include <grpcpp/channel.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/options.h"

namespace proofmint::load {

// Connect makes the connections of `options`, each a channel of its own, going
// through the targets in turn, and waits until all are ready. UNAVAILABLE names
// the target that was not, within the timeout, and why.
absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> Connect(
    const Options& options);

// ServerDescription is what a server says of itself.
struct ServerDescription {
  std::string version;
  std::string kernel;
};

// DescribeServer asks the server; empty if it does not answer.
std::optional<ServerDescription> DescribeServer(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout);

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_CONNECTIONS_H_
