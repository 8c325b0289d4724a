#include "signer/tools/secret_output.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "signer/base/file.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::tools {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

class SecretOutputTest : public ::testing::Test {
 protected:
  testing::TempDir directory_;
  const std::string path_ = directory_ / "secret";
};

TEST_F(SecretOutputTest, WritesForTheOwnerAlone) {
  absl::StatusOr<SecretOutput> output = SecretOutput::Open(path_);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_TRUE(output->Write("secret").ok());
  EXPECT_EQ(*base::ReadFile(path_, 100), "secret\n");
  EXPECT_EQ(ModeOf(path_), 0600);
}

TEST_F(SecretOutputTest, ReplacesAFileWhenItWrites) {
  std::ofstream(path_) << "a longer text";
  chmod(path_.c_str(), 0644);
  absl::StatusOr<SecretOutput> output = SecretOutput::Open(path_);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(ModeOf(path_), 0600);
  EXPECT_EQ(*base::ReadFile(path_, 100), "a longer text");
  EXPECT_TRUE(output->Write("new").ok());
  EXPECT_EQ(*base::ReadFile(path_, 100), "new\n");
}

TEST_F(SecretOutputTest, RefusesWhatIsNoRegularFile) {
  EXPECT_FALSE(SecretOutput::Open(directory_ / "no/such/folder").ok());
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(SecretOutput::Open(path_).ok());
  const std::string link = directory_ / "link";
  ASSERT_EQ(symlink("/dev/null", link.c_str()), 0);
  EXPECT_FALSE(SecretOutput::Open(link).ok());
}

TEST_F(SecretOutputTest, DiscardsWithoutAPath) {
  EXPECT_TRUE(SecretOutput::Open("")->Write("secret").ok());
}

}  // namespace
}  // namespace proofmint::tools
