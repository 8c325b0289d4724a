// Searches the memory of another process for secrets.

#ifndef PROOFMINT_TESTS_TOOLS_PROCESS_MEMORY_H_
#define PROOFMINT_TESTS_TOOLS_PROCESS_MEMORY_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "signer/base/unique_fd.h"
#include "tests/crypto/stack_search.h"

namespace proofmint::testing {

inline constexpr size_t kPageSize = 4096;  // bytes

// Returns whether the page at `offset` of `bytes` is zeros.
inline bool IsZeroPage(const std::string& bytes, size_t offset) {
  static constexpr char kZeros[kPageSize] = {};
  return bytes.compare(offset, kPageSize, kZeros, kPageSize) == 0;
}

// Returns the names of the secrets in all memory of the process `pid` that is
// not locked (mlock), and the mappings that hold them; "" if none is there.
// Leaves out mappings that are as they were in their file, and pages of zeros.
// Adds the number of bytes that it has searched to `searched`.
inline std::string FoundInUnlockedMemory(pid_t pid, crypto::Secrets& secrets,
                                         size_t& searched) {
  const std::string process = absl::StrCat("/proc/", pid);
  base::UniqueFd memory(open((process + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(memory.valid()) << process << "/mem: " << strerror(errno);
  std::string found;
  // Each mapping begins with a line "FROM-TO PERMISSIONS … NAME" and ends with
  // a line of flags, of which "lo" says that it is locked.
  std::ifstream mappings(process + "/smaps");
  std::string mapping;
  uint64_t from = 0;
  uint64_t to = 0;
  bool written = false;
  for (std::string line; std::getline(mappings, line);) {
    unsigned long first;
    unsigned long second;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &second) == 2) {
      mapping = line;
      from = first;
      to = second;
    } else if (absl::StartsWith(line, "Anonymous:")) {
      written = !absl::StrContains(line, " 0 kB");
    } else if (absl::StartsWith(line, "VmFlags:") && written &&
               !absl::StrContains(line, " lo")) {
      std::string bytes(to - from, '\0');
      const ssize_t size = pread(memory.get(), bytes.data(), bytes.size(),
                                 static_cast<off_t>(from));
      if (size <= 0) continue;  // memory of the kernel, or of a device
      bytes.resize(static_cast<size_t>(size));
      // Searches each run of pages that are not zeros.
      for (size_t i = 0; i < bytes.size();) {
        size_t end = i;
        while (end < bytes.size() && !IsZeroPage(bytes, end)) end += kPageSize;
        const absl::string_view run =
            absl::string_view(bytes).substr(i, end - i);
        searched += run.size();
        const std::string here = secrets.FoundIn(run);
        if (!here.empty()) absl::StrAppend(&found, mapping, ":\n", here);
        i = end + kPageSize;
      }
    }
  }
  return found;
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TOOLS_PROCESS_MEMORY_H_
