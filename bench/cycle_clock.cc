#include "bench/cycle_clock.h"

#include <vector>

#include "bench/statistics.h"

namespace proofmint::bench {

CycleClock::CycleClock() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  uint64_t start_cycles = ReadCycles();
  Clock::time_point end;
  do {
    end = Clock::now();
  } while (end - start < std::chrono::milliseconds(20));
  uint64_t cycles = ReadCycles() - start_cycles;
  nanoseconds_per_cycle_ =
      std::chrono::duration<double, std::nano>(end - start).count() /
      static_cast<double>(cycles);

  std::vector<double> pauses(1001);
  for (double& pause : pauses) {
    uint64_t first = ReadCycles();
    uint64_t second = ReadCycles();
    pause = Nanoseconds(second - first);
  }
  overhead_ = Median(pauses);
}

}  // namespace proofmint::bench
