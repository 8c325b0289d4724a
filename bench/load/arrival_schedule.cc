#include "bench/load/arrival_schedule.h"

#include <cmath>

#include "bench/load/clock.h"

namespace proofmint::load {

ArrivalSchedule::ArrivalSchedule(int64_t start, double rate, uint64_t seed)
    : start_(start),
      mean_gap_(static_cast<double>(kNanosecondsPerSecond) / rate),
      random_(seed) {}

int64_t ArrivalSchedule::Next() {
  // Computed by hand from 53 bits, so 0 <= uniform < 1: the results of
  // std::exponential_distribution differ between libraries.
  const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
  elapsed_ -= mean_gap_ * std::log1p(-uniform);
  return start_ + static_cast<int64_t>(elapsed_);
}

}  // namespace proofmint::load
