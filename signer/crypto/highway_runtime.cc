// Defines the functions of Highway's library that its headers call, so that
// programs need not load libhwy.so. Its static initializer measures the
// resolution of the time stamp counter: that adds 10 ms to every start, and it
// executes RDTSCP, which valgrind rejects on virtual CPUs that hide it. Debian
// has no libhwy.a. hwy/targets.h and hwy/base.h document the functions.

#include <hwy/highway.h>
#include <hwy/targets.h>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace hwy {
namespace {

// The targets that a test has chosen, or 0.
std::atomic<int64_t> targets_for_test{0};

#if HWY_ARCH_X86

bool HasF16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

// Returns the targets that can run: this CPU has all their instruction sets
// (HWY_TARGET_STR in hwy/ops/set_macros-inl.h), and the operating system saves
// their registers. SSSE3 and AVX3_DL, for which no kernel is compiled, are left
// out.
int64_t CpuTargets() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul") ||
      !__builtin_cpu_supports("aes")) {
    return 0;
  }
  // Clang 14's __builtin_cpu_supports does not know F16C.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma") ||
      !HasF16c()) {
    return HWY_SSE4;
  }
  if (!__builtin_cpu_supports("avx512f") ||
      !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw")) {
    return HWY_SSE4 | HWY_AVX2;
  }
  return HWY_SSE4 | HWY_AVX2 | HWY_AVX3;
}

#else

// On other architectures the kernels are compiled for the baseline only.
int64_t CpuTargets() { return 0; }

#endif  // HWY_ARCH_X86

}  // namespace

int64_t SupportedTargets() {
  // CPUID is slow in a virtual machine: each one traps to the hypervisor.
  static const int64_t cpu_targets =
      CpuTargets() | HWY_ENABLED_BASELINE | HWY_EMU128 | HWY_SCALAR;
  const int64_t chosen = targets_for_test.load();
  return chosen != 0 ? chosen : cpu_targets;
}

void SetSupportedTargetsForTest(int64_t targets) {
  targets_for_test.store(targets);
}

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen_target;
  return chosen_target;
}

// The assertions of Highway's headers, which debug builds have, call Abort when
// they fail.
void Abort(const char* file, int line, const char* format, ...) {
  std::fprintf(stderr, "Abort at %s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "\n");
  std::abort();
}

}  // namespace hwy
