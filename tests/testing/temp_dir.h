// Makes a temporary directory for a test.

#ifndef PROOFMINT_TESTS_TESTING_TEMP_DIR_H_
#define PROOFMINT_TESTS_TESTING_TEMP_DIR_H_

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/base/internal/raw_logging.h"

namespace proofmint::testing {

// TempDir makes an empty directory and removes it, with its contents, when
// destroyed. Its path is short enough for Unix sockets.
class TempDir {
 public:
  TempDir() {
    std::string path =
        std::filesystem::temp_directory_path() / "proofmint-XXXXXX";
    ABSL_RAW_CHECK(mkdtemp(path.data()) != nullptr, "mkdtemp");
    path_ = path;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Returns the path of `name` in the directory, whether it exists or not.
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_TEMP_DIR_H_
