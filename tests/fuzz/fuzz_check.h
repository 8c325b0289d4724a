// Defines FUZZ_CHECK, which tells libFuzzer that an input is a failure.

#ifndef PROOFMINT_TESTS_FUZZ_FUZZ_CHECK_H_
#define PROOFMINT_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Aborts unless `condition` holds; libFuzzer then keeps the input.
#define FUZZ_CHECK(condition)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

#endif  // PROOFMINT_TESTS_FUZZ_FUZZ_CHECK_H_
