// Implements the standard gRPC health service, grpc.health.v1.Health.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_HEALTH_SERVICE_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_HEALTH_SERVICE_H_

#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "signer/base/mutex.h"
#include "signer/service/rpc/call_queue.h"

namespace proofmint::service {

// HealthService reports for each service whether it takes calls: once (Check),
// or at every change (Watch). gRPC has an implementation of its own, but that
// would start the threads of the callback API, see CallLoop.
//
// Thread-safe. The call threads serve its calls; the thread that changes a
// status writes to the watches.
class HealthService final
    : public grpc::health::v1::Health::WithRawMethod_Check<
          grpc::health::v1::Health::WithAsyncMethod_Watch<
              grpc::health::v1::Health::Service>> {
 public:
  // Sets the status of `service`; "" is the server as a whole. Does nothing
  // after Shutdown.
  void SetServing(absl::string_view service, bool serving);

  // Makes every status NOT_SERVING for good. Every watch ends after it has sent
  // that status.
  void Shutdown();

  // Awaits calls in `queue`, from now until the server is shut down. The server
  // must be running, and the service must outlive the queue.
  void AwaitCalls(CallQueue& queue);

 private:
  using Response = grpc::health::v1::HealthCheckResponse;

  class CheckCall;
  class WatchCall;

  // Sends the next status of `watch`, or ends it, unless an operation of it is
  // still pending.
  void Step(WatchCall& watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Returns SERVICE_UNKNOWN for a service without a status.
  Response::ServingStatus StatusOf(const std::string& service) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Response::ServingStatus> statuses_
      ABSL_GUARDED_BY(mutex_);
  std::set<WatchCall*> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_HEALTH_SERVICE_H_
