// ForEachSimdTarget runs test code once for each vector target of this CPU.

#ifndef PROOFMINT_TESTS_CRYPTO_SIMD_TARGETS_H_
#define PROOFMINT_TESTS_CRYPTO_SIMD_TARGETS_H_

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace proofmint::crypto {

// ScopedSimdTarget makes Highway's dispatch choose one target until it is
// destroyed; then the best target is chosen again.
class ScopedSimdTarget {
 public:
  explicit ScopedSimdTarget(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~ScopedSimdTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ScopedSimdTarget(const ScopedSimdTarget&) = delete;
  ScopedSimdTarget& operator=(const ScopedSimdTarget&) = delete;
};

// ForEachSimdTarget calls `test(target)` for each target, while dispatch
// chooses that target; the best one comes first.
template <typename Test>
void ForEachSimdTarget(Test test) {
  std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  ASSERT_FALSE(targets.empty());
  for (int64_t target : targets) {
    SCOPED_TRACE(hwy::TargetName(target));
    ScopedSimdTarget chosen(target);
    test(target);
  }
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_SIMD_TARGETS_H_
