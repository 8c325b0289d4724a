#include "signer/service/server/periodic_tasks.h"

#include "signer/base/clock.h"
#include "signer/base/status_macros.h"

namespace proofmint::service {

absl::StatusOr<std::unique_ptr<PeriodicTasks>> PeriodicTasks::Start(
    absl::Duration interval, std::function<void()> tasks) {
  std::unique_ptr<PeriodicTasks> periodic(
      new PeriodicTasks(interval, std::move(tasks)));
  PROOFMINT_ASSIGN_OR_RETURN(
      periodic->thread_,
      base::Thread::Start("periodic_tasks",
                          [periodic = periodic.get()] { periodic->Run(); }));
  return periodic;
}

PeriodicTasks::~PeriodicTasks() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  thread_.Join();
}

void PeriodicTasks::Run() {
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      const absl::Duration end = base::MonotonicNow() + interval_;
      while (!stopping_ && base::MonotonicNow() < end) {
        stop_.WaitFor(mutex_, end - base::MonotonicNow());
      }
      if (stopping_) return;
    }
    tasks_();
  }
}

}  // namespace proofmint::service
