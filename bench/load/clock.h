// Reads the generator's clock, CLOCK_MONOTONIC in nanoseconds, which setting
// the time of day does not change, and sleeps by it.

#ifndef PROOFMINT_BENCH_LOAD_CLOCK_H_
#define PROOFMINT_BENCH_LOAD_CLOCK_H_

#include <time.h>

#include <cerrno>
#include <cstdint>

namespace proofmint::load {

inline constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;

inline int64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

inline timespec ToTimespec(int64_t nanoseconds) {
  return {nanoseconds / kNanosecondsPerSecond,
          nanoseconds % kNanosecondsPerSecond};
}

// Sleeps until MonotonicNow has reached `time`. The kernel may extend the sleep
// by the thread's timer slack, 50 us by default.
inline void SleepUntil(int64_t time) {
  const timespec until = ToTimespec(time);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) ==
         EINTR) {
  }
}

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_CLOCK_H_
