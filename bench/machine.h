// The machine that something was measured on, and what was measured.

#ifndef PROOFMINT_BENCH_MACHINE_H_
#define PROOFMINT_BENCH_MACHINE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace proofmint::bench {

struct Machine {
  std::string cpu;  // what it calls itself, or "unknown"
  int cores;        // that this process may use
  std::string linux_version;
  int64_t memory_bytes;
  std::optional<std::string> governor;  // of the first core's frequency
  std::string proofmint_version;
  std::string compiler;
};

Machine DescribeMachine();

// ToJson returns an object with a member for each of `machine`.
nlohmann::ordered_json ToJson(const Machine& machine);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MACHINE_H_
