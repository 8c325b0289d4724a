#include "signer/service/server/periodic_tasks.h"

#include <pthread.h>

#include <utility>

#include "signer/base/clock.h"

namespace proofmint::service {

PeriodicTasks::PeriodicTasks(absl::Duration interval,
                             std::function<void()> task)
    : interval_(interval), task_(std::move(task)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "periodic_tasks");
}

PeriodicTasks::~PeriodicTasks() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  thread_.join();
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
    task_();
  }
}

}  // namespace proofmint::service
