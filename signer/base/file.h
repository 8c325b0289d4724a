// Reads whole files, up to a limit.

#ifndef PROOFMINT_SIGNER_BASE_FILE_H_
#define PROOFMINT_SIGNER_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "signer/base/unique_fd.h"

namespace proofmint::base {

// All functions are thread-safe. Their errors begin with the path, such as
// "a.pem: No such file or directory", and never quote the contents.

// OpenRegularFile opens `path`, or what a symbolic link leads to, for reading.
// Does not wait for the writer of a FIFO. Fails as ErrnoStatus, and with
// FAILED_PRECONDITION if it is not a regular file.
absl::StatusOr<UniqueFd> OpenRegularFile(const std::string& path);

// ReadInto reads `file`, the open file of `path`, to its end into the beginning
// of `buffer` and returns its size, which is less than the buffer's. Keeps no
// copy: for secrets. Fails as ErrnoStatus, and with FAILED_PRECONDITION if the
// file has as many bytes as the buffer or more.
absl::StatusOr<size_t> ReadInto(const UniqueFd& file, const std::string& path,
                                std::span<uint8_t> buffer);

// ReadFile returns the contents of the regular file `path`, at most `limit`
// bytes. Not for secrets, of which it may leave copies. Fails as
// OpenRegularFile and ReadInto do.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit);

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_FILE_H_
