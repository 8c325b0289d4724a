// Keeps a server fit to serve: repeats self-checks and reloads changed files.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_UPKEEP_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_UPKEEP_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/metrics/metrics.h"
#include "signer/service/observe/reloader.h"
#include "signer/service/server/readiness.h"

namespace proofmint::service {

struct UpkeepOptions {
  // Makes proofs and verifies them. Returns INTERNAL if one is wrong, and any
  // other error if none could be made.
  std::function<absl::Status()> self_check;
  // How long a self-check that passed counts. One that failed is repeated by
  // the next RunPeriodicTasks.
  absl::Duration self_check_interval;
  std::vector<Reloader*> reloaders;
};

// Upkeep decides whether the server is ready, from the results of its
// self-checks: one that passes makes it ready, kMaxFailedSelfChecks failures in
// a row make it not ready, and a wrong proof ends its service for good.
//
// Thread-confined: one thread at a time may call its methods, the thread that
// starts the server and then that of PeriodicTasks. Only self_checks() may be
// read by any thread.
class Upkeep {
 public:
  // A single failure may pass, and calls that fail report it themselves.
  static constexpr int kMaxFailedSelfChecks = 3;

  // `readiness` and what `options` refers to must outlive the object.
  Upkeep(UpkeepOptions options, Readiness& readiness)
      : options_(std::move(options)), readiness_(readiness) {}

  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // RunSelfCheck makes a self-check now.
  void RunSelfCheck();

  // RunPeriodicTasks makes a self-check if one is due, and runs each reloader.
  void RunPeriodicTasks();

  const SelfCheckCounts& self_checks() const { return self_checks_; }

 private:
  const UpkeepOptions options_;
  Readiness& readiness_;
  absl::Duration next_self_check_;  // a time of MonotonicNow
  int failed_self_checks_ = 0;      // in a row
  SelfCheckCounts self_checks_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_UPKEEP_H_
