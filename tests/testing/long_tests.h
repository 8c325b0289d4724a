// Scales tests that gain from more time than an ordinary run has.

#ifndef PROOFMINT_TESTS_TESTING_LONG_TESTS_H_
#define PROOFMINT_TESTS_TESTING_LONG_TESTS_H_

#include <cstdlib>

namespace proofmint::testing {

// Returns `long_count` in the runs of `scripts/test --long`, which sets the
// environment variable, and `count` in others.
inline int CountOrLong(int count, int long_count) {
  return std::getenv("PROOFMINT_LONG_TESTS") != nullptr ? long_count : count;
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_LONG_TESTS_H_
