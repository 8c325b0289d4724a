#include "bench/load/interrupt.h"

#include <algorithm>

#include "bench/load/clock.h"

namespace proofmint::load {

Interrupt::Interrupt() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

bool Interrupt::WaitUntil(int64_t time) {
  while (!interrupted_) {
    const int64_t left = time - MonotonicNow();
    const timespec wait = ToTimespec(std::max<int64_t>(left, 0));
    interrupted_ = sigtimedwait(&signals_, nullptr, &wait) > 0;
    if (left <= 0) break;
  }
  return !interrupted_;
}

}  // namespace proofmint::load
