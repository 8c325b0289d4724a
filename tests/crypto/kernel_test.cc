#include "signer/crypto/kernel.h"

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

}  // namespace
}  // namespace proofmint::crypto
