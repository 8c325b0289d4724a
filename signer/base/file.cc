#include "signer/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"

namespace proofmint::base {

absl::StatusOr<UniqueFd> OpenRegularFile(const std::string& path) {
  UniqueFd file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return ErrnoStatus(path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a regular file"));
  }
  return file;
}

absl::StatusOr<size_t> ReadInto(const UniqueFd& file, const std::string& path,
                                std::span<uint8_t> buffer) {
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count =
        read(file.get(), buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(path);
    if (count == 0) return size;
    size += static_cast<size_t>(count);
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": larger than ", buffer.size() - 1, " bytes"));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) {
  PROOFMINT_ASSIGN_OR_RETURN(UniqueFd file, OpenRegularFile(path));
  std::string contents(limit + 1, '\0');
  PROOFMINT_ASSIGN_OR_RETURN(
      const size_t size,
      ReadInto(file, path,
               {reinterpret_cast<uint8_t*>(contents.data()), contents.size()}));
  contents.resize(size);
  return contents;
}

}  // namespace proofmint::base
