// A clock for what takes some tens of nanoseconds.

#ifndef PROOFMINT_BENCH_CYCLE_CLOCK_H_
#define PROOFMINT_BENCH_CYCLE_CLOCK_H_

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include <chrono>
#include <cstdint>

namespace proofmint::bench {

// ReadCycles returns the processor's time stamp, after all that stands before
// it has been done and before anything that stands behind it begins; where
// there is none, the ticks of the steady clock.
inline uint64_t ReadCycles() {
#ifdef __x86_64__
  _mm_lfence();
  uint64_t cycles = __rdtsc();
  _mm_lfence();
  return cycles;
#else
  return static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// CycleClock knows how long a cycle is, and how much a measurement of nothing
// shows. Making one takes 20 ms.
class CycleClock {
 public:
  CycleClock();

  double Nanoseconds(uint64_t cycles) const {
    return static_cast<double>(cycles) * nanoseconds_per_cycle_;
  }

  // The median time between two readings in a row, nanoseconds. It is part of
  // every time that is reported; nothing is subtracted.
  double overhead() const { return overhead_; }

 private:
  double nanoseconds_per_cycle_;
  double overhead_;
};

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_CYCLE_CLOCK_H_
