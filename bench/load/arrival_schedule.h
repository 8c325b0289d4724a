// Computes when the calls of an open loop are due.

#ifndef PROOFMINT_BENCH_LOAD_ARRIVAL_SCHEDULE_H_
#define PROOFMINT_BENCH_LOAD_ARRIVAL_SCHEDULE_H_

#include <cstdint>
#include <random>

namespace proofmint::load {

// ArrivalSchedule is a Poisson process: independent, exponentially distributed
// gaps, as the calls of many independent users have. The times depend
// only on the arguments, not on when they are read. Not thread-safe.
class ArrivalSchedule {
 public:
  // `start` is in nanoseconds of any clock, `rate` in arrivals/s, above 0.
  // The same seed gives the same times.
  ArrivalSchedule(int64_t start, double rate, uint64_t seed);

  // Returns the time of the next arrival.
  int64_t Next();

 private:
  const int64_t start_;
  const double mean_gap_;  // nanoseconds
  double elapsed_ = 0;     // nanoseconds from start to the latest arrival
  std::mt19937_64 random_;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_ARRIVAL_SCHEDULE_H_
