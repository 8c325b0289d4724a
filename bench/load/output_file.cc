#include "bench/load/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/errno_status.h"

namespace proofmint::load {

OutputFile::OutputFile(std::string name, base::UniqueFd file)
    : name_(std::move(name)), file_(std::move(file)) {}

absl::StatusOr<OutputFile> OutputFile::Open(absl::string_view flag,
                                            const std::string& path) {
  if (path.empty()) return OutputFile("", base::UniqueFd());
  std::string name = absl::StrCat(flag, ": cannot write ", path);
  base::UniqueFd file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666));
  if (!file.valid()) return base::ErrnoStatus(name);
  fcntl(file.get(), F_SETFL, 0);  // Writes may block.
  return OutputFile(std::move(name), std::move(file));
}

absl::Status OutputFile::Write(absl::string_view text) {
  if (!file_.valid()) return absl::OkStatus();
  // A pipe or a device cannot be truncated, and needs not.
  if (ftruncate(file_.get(), 0) != 0 && errno != EINVAL) {
    return base::ErrnoStatus(name_);
  }
  while (!text.empty()) {
    const ssize_t written = write(file_.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) return base::ErrnoStatus(name_);
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace proofmint::load
