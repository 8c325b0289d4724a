// Turns the error of a system call into a status.

#ifndef PROOFMINT_SIGNER_BASE_ERRNO_STATUS_H_
#define PROOFMINT_SIGNER_BASE_ERRNO_STATUS_H_

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace proofmint::base {

// ErrnoStatus returns the error of the system call that has just failed: the
// code that Abseil maps errno to and a message that begins with `what`, parts
// as absl::StrCat takes them, such as "listen: bind a.sock: Permission denied".
// Reads errno before it allocates memory. Thread-safe.
template <typename... Parts>
absl::Status ErrnoStatus(const Parts&... what) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat(what...));
}

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_ERRNO_STATUS_H_
