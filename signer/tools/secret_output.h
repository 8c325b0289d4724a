// SecretOutput writes a secret to a file that only its owner may read.

#ifndef PROOFMINT_SIGNER_TOOLS_SECRET_OUTPUT_H_
#define PROOFMINT_SIGNER_TOOLS_SECRET_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/base/unique_fd.h"

namespace proofmint::tools {

// SecretOutput is opened before the secret is fetched, so that a wrong path
// costs no token. Not thread-safe.
class SecretOutput {
 public:
  // Opens `path` with the mode 0600, also if the file exists; what it holds
  // stays until Write. "-" is standard output, and "" discards what is written.
  // Fails as base::ErrnoStatus, and with FAILED_PRECONDITION if it is not a
  // regular file.
  static absl::StatusOr<SecretOutput> Open(const std::string& path);

  // Replaces the contents of the file by `secret` and an end of line. Fails as
  // base::ErrnoStatus. Errors of standard output are left to RunCommandLine.
  absl::Status Write(absl::string_view secret);

 private:
  SecretOutput(std::string path, base::UniqueFd file);

  std::string path_;
  base::UniqueFd file_;  // empty for "-" and ""
};

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_SECRET_OUTPUT_H_
