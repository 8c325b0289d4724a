// Reads the generator's clock: CLOCK_MONOTONIC in nanoseconds, which setting
// the time of day does not change.

#ifndef PROOFMINT_BENCH_LOAD_CLOCK_H_
#define PROOFMINT_BENCH_LOAD_CLOCK_H_

#include <time.h>

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

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_CLOCK_H_
