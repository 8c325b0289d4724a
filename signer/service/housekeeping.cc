#include "signer/service/housekeeping.h"

#include <pthread.h>

#include <utility>

#include "signer/service/clock.h"

namespace proofmint::service {

Housekeeping::Housekeeping(absl::Duration interval, std::function<void()> task)
    : interval_(interval), task_(std::move(task)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "housekeeping");
}

Housekeeping::~Housekeeping() {
  {
    keys::MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  thread_.join();
}

void Housekeeping::Run() {
  for (;;) {
    {
      keys::MutexLock lock(mutex_);
      const absl::Duration end = MonotonicNow() + interval_;
      while (!stopping_ && MonotonicNow() < end) {
        stop_.WaitFor(mutex_, end - MonotonicNow());
      }
      if (stopping_) return;
    }
    task_();
  }
}

}  // namespace proofmint::service
