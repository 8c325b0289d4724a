#include "signer/base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::base {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using proofmint::testing::TempDir;

class FileTest : public ::testing::Test {
 protected:
  void Write(const std::string& contents) {
    std::ofstream(path_, std::ios::binary) << contents;
  }

  TempDir directory_;
  const std::string path_ = directory_ / "file";
};

TEST_F(FileTest, ReadsUpToTheLimit) {
  for (const std::string& contents :
       {std::string(), std::string("a\0b", 3), std::string(1000, 'x')}) {
    Write(contents);
    absl::StatusOr<std::string> read = ReadFile(path_, contents.size());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, contents);
  }
  EXPECT_THAT(ReadFile(path_, 999),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat(path_, ": larger than 999 bytes")));
}

TEST_F(FileTest, ReadsWhatALinkLeadsTo) {
  Write("text");
  const std::string link = directory_ / "link";
  std::filesystem::create_symlink("file", link);
  absl::StatusOr<std::string> read = ReadFile(link, 4);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, "text");
}

TEST_F(FileTest, ReadsIntoTheBeginningOfABuffer) {
  Write("text");
  absl::StatusOr<UniqueFd> file = OpenRegularFile(path_);
  ASSERT_THAT(file, IsOk());
  std::array<uint8_t, 6> buffer = {0, 0, 0, 0, 'y', 'z'};
  absl::StatusOr<size_t> size = ReadInto(*file, path_, buffer);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(*size, 4u);
  EXPECT_EQ(std::string(buffer.begin(), buffer.end()), "textyz");
}

TEST_F(FileTest, FailsWithTheSystemsReason) {
  EXPECT_THAT(ReadFile(path_, 10),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat(path_, ": No such file or directory")));
  // A directory cannot be read, even by root.
  UniqueFd directory(open(std::string(directory_ / "").c_str(), O_RDONLY));
  std::array<uint8_t, 6> buffer;
  EXPECT_THAT(ReadInto(directory, path_, buffer),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat(path_, ": Is a directory")));
}

TEST_F(FileTest, RefusesWhatIsNotARegularFile) {
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string(directory_ / "")}) {
    EXPECT_THAT(ReadFile(path, 10),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         absl::StrCat(path, ": not a regular file")));
  }
}

}  // namespace
}  // namespace proofmint::base
