// Runs a task at regular intervals.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"

namespace proofmint::service {

// PeriodicTasks runs `tasks` repeatedly on a thread of its own until it is
// destroyed: `interval` after it has started, and again each time that
// `interval` has passed since `tasks` returned.
//
// Not thread-safe.
class PeriodicTasks {
 public:
  // Fails as base::Thread::Start does. What `tasks` refers to must outlive the
  // object.
  static absl::StatusOr<std::unique_ptr<PeriodicTasks>> Start(
      absl::Duration interval, std::function<void()> tasks);

  // Waits until `tasks`, if it is running, has returned.
  ~PeriodicTasks();

  PeriodicTasks(const PeriodicTasks&) = delete;
  PeriodicTasks& operator=(const PeriodicTasks&) = delete;

 private:
  PeriodicTasks(absl::Duration interval, std::function<void()> tasks)
      : interval_(interval), tasks_(std::move(tasks)) {}

  // Runs on thread_.
  void Run();

  const absl::Duration interval_;
  const std::function<void()> tasks_;
  base::Mutex mutex_;
  base::ConditionVariable stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  base::Thread thread_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_
