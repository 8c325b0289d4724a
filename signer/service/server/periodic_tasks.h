// What a server does now and then.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// PeriodicTasks runs a task again and again on a thread of its own, from
// `interval` after it is made until it is destroyed.
class PeriodicTasks {
 public:
  PeriodicTasks(absl::Duration interval, std::function<void()> task);

  // Waits for a task that runs.
  ~PeriodicTasks();

  PeriodicTasks(const PeriodicTasks&) = delete;
  PeriodicTasks& operator=(const PeriodicTasks&) = delete;

 private:
  void Run();

  const absl::Duration interval_;
  const std::function<void()> task_;
  base::Mutex mutex_;
  base::ConditionVariable stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_PERIODIC_TASKS_H_
