// Makes the connections to the servers under load.

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

// Connect makes the connections of `options`, each a channel of its own, spread
// round-robin over the targets, and waits until all are ready. Fails with
// UNAVAILABLE, naming the target that is not ready within the timeout, and why.
absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> Connect(
    const Options& options);

// ServerDescription is what a server reports in GetCapabilities.
struct ServerDescription {
  std::string version;
  std::string kernel;
};

// DescribeServer calls GetCapabilities; returns an empty description if that
// fails.
std::optional<ServerDescription> DescribeServer(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout);

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_CONNECTIONS_H_
