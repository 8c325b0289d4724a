// SIGINT and SIGTERM as something that one thread waits for.

#ifndef PROOFMINT_BENCH_LOAD_INTERRUPT_H_
#define PROOFMINT_BENCH_LOAD_INTERRUPT_H_

#include <csignal>
#include <cstdint>

namespace proofmint::load {

// Interrupt blocks the signals in the thread that makes it and in all threads
// that are started afterwards: make it first. For one thread.
class Interrupt {
 public:
  Interrupt();

  // Waits until `time` of MonotonicNow. Returns false at once if a signal comes
  // or had come.
  bool WaitUntil(int64_t time);

  bool interrupted() const { return interrupted_; }

 private:
  sigset_t signals_;
  bool interrupted_ = false;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_INTERRUPT_H_
