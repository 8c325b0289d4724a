#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace proofmint::bench {

double Percentile(std::vector<double> samples, double percent) {
  // In binary, 99.9 % of 41,000 is a little more than 40,959.
  double rank =
      std::ceil(percent * static_cast<double>(samples.size()) / 100 - 1e-6);
  auto nth = samples.begin() +
             std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rank) - 1, 0);
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

double Median(std::vector<double> samples) {
  auto upper =
      samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), upper, samples.end());
  if (samples.size() % 2 == 1) return *upper;
  return (*upper + *std::max_element(samples.begin(), upper)) / 2;
}

}  // namespace proofmint::bench
