#include "signer/tools/secret_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/errno_status.h"

namespace proofmint::tools {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

}  // namespace

SecretOutput::SecretOutput(std::string path, base::UniqueFd file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<SecretOutput> SecretOutput::Open(const std::string& path) {
  if (path.empty() || path == "-") return SecretOutput(path, base::UniqueFd());
  // O_NONBLOCK: a FIFO is refused, not waited for.
  base::UniqueFd file(open(
      path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
      kOwnerOnly));
  struct stat info = {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return base::ErrnoStatus(path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a regular file"));
  }
  if (fchmod(file.get(), kOwnerOnly) != 0) {
    return base::ErrnoStatus(path);
  }
  return SecretOutput(path, std::move(file));
}

absl::Status SecretOutput::Write(absl::string_view secret) {
  if (path_ == "-") {
    std::cout << secret << "\n";
    return absl::OkStatus();
  }
  if (path_.empty()) return absl::OkStatus();
  if (ftruncate(file_.get(), 0) != 0) return base::ErrnoStatus(path_);
  std::string text = absl::StrCat(secret, "\n");
  for (absl::string_view rest = text; !rest.empty();) {
    const ssize_t written = write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return base::ErrnoStatus(path_);
    if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace proofmint::tools
