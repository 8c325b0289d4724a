#include "signer/crypto/kernel.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdint>

namespace proofmint::crypto {
namespace {

// Returns the vector target that Highway's dispatch chooses on this CPU; the
// kernels are compiled for the same targets as this file. Each target is a bit,
// and the lowest bit is the best target.
int64_t BestTarget() {
  const int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  return targets & -targets;
}

}  // namespace

Kernel DefaultKernel() {
  switch (BestTarget()) {
    case HWY_EMU128:
    case HWY_SCALAR:
      return Kernel::kBoringSsl;
    default:
      return Kernel::kSimd;
  }
}

absl::string_view KernelName(Kernel kernel) {
  if (kernel == Kernel::kBoringSsl) return "boringssl";
  switch (BestTarget()) {
    case HWY_AVX3_DL:
      return "avx3_dl";
    case HWY_AVX3:
      return "avx3";
    case HWY_AVX2:
      return "avx2";
    case HWY_SSE4:
      return "sse4";
    case HWY_NEON:
      return "neon";
    default:
      return "portable";
  }
}

}  // namespace proofmint::crypto
