#include "signer/service/server/housekeeping.h"

#include <pthread.h>

#include <utility>

#include "signer/base/clock.h"

namespace proofmint::service {

Housekeeping::Housekeeping(absl::Duration interval, std::function<void()> task)
    : interval_(interval), task_(std::move(task)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "housekeeping");
}

Housekeeping::~Housekeeping() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  thread_.join();
}

void Housekeeping::Run() {
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
