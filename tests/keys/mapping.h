// Reads what the kernel reports about a piece of memory.

#ifndef PROOFMINT_TESTS_KEYS_MAPPING_H_
#define PROOFMINT_TESTS_KEYS_MAPPING_H_

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace proofmint::keys {

// Mapping is an entry of /proc/self/smaps (proc(5)).
struct Mapping {
  std::string permissions;      // such as "rw-p"
  std::set<std::string> flags;  // VmFlags: "dd", "wf", "lo" and others
};

// The mapping that `place` lies in; an empty one if there is none.
inline Mapping MappingOf(const void* place) {
  const auto address = reinterpret_cast<uintptr_t>(place);
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  bool found = false;
  for (std::string line; std::getline(smaps, line);) {
    uintptr_t start = 0;
    uintptr_t end = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &start, &end, permissions) ==
        3) {
      if (found) break;
      found = start <= address && address < end;
      if (found) mapping.permissions = permissions;
    } else if (found && line.starts_with("VmFlags:")) {
      std::istringstream words(line.substr(sizeof("VmFlags:")));
      for (std::string word; words >> word;) mapping.flags.insert(word);
    }
  }
  return mapping;
}

}  // namespace proofmint::keys

#endif  // PROOFMINT_TESTS_KEYS_MAPPING_H_
