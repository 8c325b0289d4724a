#include "signer/crypto/kernel.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstdint>

#include "absl/strings/ascii.h"
#include "signer/crypto/sha512_batch.h"
#include "tests/crypto/simd_targets.h"

namespace proofmint::crypto {
namespace {

bool HasVectors(int64_t target) {
  return target != HWY_EMU128 && target != HWY_SCALAR;
}

TEST(KernelTest, IsSimdByDefaultWhereTheCpuHasVectors) {
  ForEachSimdTarget([](int64_t target) {
    EXPECT_EQ(DefaultKernel(),
              HasVectors(target) ? Kernel::kSimd : Kernel::kBoringSsl);
  });
}

TEST(KernelTest, IsNamedByTheTargetThatRuns) {
  ForEachSimdTarget([](int64_t target) {
    EXPECT_EQ(Sha512BatchTarget(), target);
    EXPECT_EQ(KernelName(Kernel::kSimd),
              HasVectors(target)
                  ? absl::AsciiStrToLower(hwy::TargetName(target))
                  : "portable");
  });
}

TEST(KernelTest, IsNamedByTheBestTargetWithoutAChoice) {
  EXPECT_EQ(KernelName(DefaultKernel()),
            HasVectors(Sha512BatchTarget())
                ? absl::AsciiStrToLower(hwy::TargetName(Sha512BatchTarget()))
                : "boringssl");
}

TEST(KernelTest, HasOneNameForBoringSslOnEveryTarget) {
  ForEachSimdTarget(
      [](int64_t) { EXPECT_EQ(KernelName(Kernel::kBoringSsl), "boringssl"); });
}

// Loads Debian's libhwy.so, which our programs do not load, and asks it for the
// targets of this CPU; highway_runtime.cc must find the same ones.
TEST(HighwayRuntimeTest, FindsTheTargetsThatTheLibraryOfHighwayFinds) {
  void* const library = dlopen("libhwy.so.1", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  auto* const targets = reinterpret_cast<int64_t (*)()>(
      dlsym(library, "_ZN3hwy16SupportedTargetsEv"));
  ASSERT_NE(targets, nullptr) << dlerror();
  EXPECT_EQ(hwy::SupportedTargets() & HWY_TARGETS, targets() & HWY_TARGETS);
  dlclose(library);
}

TEST(HighwayRuntimeTest, AnswersWithTheTargetsThatATestChose) {
  const int64_t all = hwy::SupportedTargets();
  hwy::SetSupportedTargetsForTest(HWY_EMU128);
  EXPECT_EQ(hwy::SupportedTargets(), HWY_EMU128);
  hwy::SetSupportedTargetsForTest(0);
  EXPECT_EQ(hwy::SupportedTargets(), all);
}

}  // namespace
}  // namespace proofmint::crypto
