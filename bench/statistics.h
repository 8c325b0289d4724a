// Order statistics.

#ifndef PROOFMINT_BENCH_STATISTICS_H_
#define PROOFMINT_BENCH_STATISTICS_H_

#include <vector>

namespace proofmint::bench {

// Percentile returns the nearest-rank percentile of `samples`, which must not
// be empty: the smallest sample such that at least `percent` of 100 are not
// larger. `percent` lies in (0, 100].
double Percentile(std::vector<double> samples, double percent);

// Median returns the middle of `samples`, which must not be empty; of an even
// number of them the mean of the two in the middle.
double Median(std::vector<double> samples);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_STATISTICS_H_
