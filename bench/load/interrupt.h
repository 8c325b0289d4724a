// Lets one thread wait for SIGINT and SIGTERM.

#ifndef PROOFMINT_BENCH_LOAD_INTERRUPT_H_
#define PROOFMINT_BENCH_LOAD_INTERRUPT_H_

#include <csignal>
#include <cstdint>

namespace proofmint::load {

// Interrupt blocks the signals in the thread that constructs it and in all
// threads started afterwards, so construct it first. Thread-confined.
class Interrupt {
 public:
  Interrupt();

  // Waits until `time` of MonotonicNow. Returns false at once if a signal
  // arrives or is pending.
  bool WaitUntil(int64_t time);

  bool interrupted() const { return interrupted_; }

 private:
  sigset_t signals_;
  bool interrupted_ = false;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_INTERRUPT_H_
