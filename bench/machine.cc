#include "bench/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace proofmint::bench {
namespace {

// /proc/cpuinfo has such a line on x86 only.
std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

// Virtual machines have no such file.
std::optional<std::string> Governor() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

}  // namespace

Machine DescribeMachine() {
#ifdef __clang__
  std::string compiler = __VERSION__;
#else
  std::string compiler = std::string("GCC ") + __VERSION__;
#endif
  utsname system = {};
  uname(&system);
  return {
      .cpu = CpuName(),
      .cores = static_cast<int>(std::thread::hardware_concurrency()),
      .linux_version = system.release,
      .memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE),
      .governor = Governor(),
      .proofmint_version = PROOFMINT_VERSION,
      .compiler = compiler};
}

nlohmann::ordered_json ToJson(const Machine& machine) {
  nlohmann::ordered_json governor;
  if (machine.governor.has_value()) governor = *machine.governor;
  return {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"linux", machine.linux_version},
          {"memory_bytes", machine.memory_bytes},
          {"governor", governor},
          {"proofmint_version", machine.proofmint_version},
          {"compiler", machine.compiler}};
}

}  // namespace proofmint::bench
