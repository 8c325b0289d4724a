// Tells which sanitizer a test runs under. The presets with sanitizers use
// clang.

#ifndef PROOFMINT_TESTS_TESTING_SANITIZERS_H_
#define PROOFMINT_TESTS_TESTING_SANITIZERS_H_

namespace proofmint::testing {

#if defined(__has_feature)
inline constexpr bool kHasAddressSanitizer = __has_feature(address_sanitizer);
inline constexpr bool kHasThreadSanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool kHasAddressSanitizer = false;
inline constexpr bool kHasThreadSanitizer = false;
#endif
inline constexpr bool kHasSanitizer =
    kHasAddressSanitizer || kHasThreadSanitizer;

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_SANITIZERS_H_
