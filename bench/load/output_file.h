// Writes the files of a report.

#ifndef PROOFMINT_BENCH_LOAD_OUTPUT_FILE_H_
#define PROOFMINT_BENCH_LOAD_OUTPUT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/base/unique_fd.h"

namespace proofmint::load {

// OutputFile is opened before a run, so that a path that cannot be written
// costs no run. Not thread-safe.
class OutputFile {
 public:
  // Opens `path`, or makes it; what it holds stays until Write. "" discards
  // what is written. Does not wait for the reader of a pipe. Fails as
  // base::ErrnoStatus, naming `flag`.
  static absl::StatusOr<OutputFile> Open(absl::string_view flag,
                                         const std::string& path);

  // Replaces the contents of the file by `text`. Fails as base::ErrnoStatus.
  absl::Status Write(absl::string_view text);

 private:
  OutputFile(std::string name, base::UniqueFd file);

  std::string name_;     // the flag and the path
  base::UniqueFd file_;  // invalid for ""
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_OUTPUT_FILE_H_
