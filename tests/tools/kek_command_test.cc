// Tests `proofmint kek` as an operator uses it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/keys/kek_file.h"
#include "signer/keys/key_encryption_keys.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string Today() {
  return absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
}

TEST(KekCommandTest, NewPrintsAFileOfOneKeyWithItsIdAndDate) {
  const std::string before = Today();
  Result result = RunProgram({PROOFMINT, "kek", "new"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  absl::StatusOr<std::vector<keys::Kek>> keks = keys::ParseKeks(result.output);
  ASSERT_THAT(keks, IsOk());
  ASSERT_EQ(keks->size(), 1u);
  const keys::KekId id = keys::IdOf(keks->at(0));
  const std::string comment =
      "# KEK " +
      absl::BytesToHexString(
          {reinterpret_cast<const char*>(id.data()), id.size()}) +
      ", made ";
  const std::vector<std::string> lines = absl::StrSplit(result.output, '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], AnyOf(comment + before, comment + Today()));
  EXPECT_EQ(lines[1].size(), keys::kKekLineSize);
  EXPECT_EQ(lines[2], "");
}

TEST(KekCommandTest, NewPrintsAnotherKeyEachTime) {
  Result both = {0, "", ""};
  for (int i = 0; i < 2; ++i) {
    both.output += RunProgram({PROOFMINT, "kek", "new"}).output;
  }
  absl::StatusOr<std::vector<keys::Kek>> keks = keys::ParseKeks(both.output);
  ASSERT_THAT(keks, IsOk());
  EXPECT_EQ(keks->size(), 2u);
}

TEST(KekCommandTest, FailsIfTheLineCannotBeWritten) {
  Result result =
      RunProgram({"/bin/sh", "-c", "\"$0\" kek new > /dev/full", PROOFMINT});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("error: standard output"));
}

TEST(KekCommandTest, WantsASubcommandAndNoArguments) {
  EXPECT_GT(RunProgram({PROOFMINT, "kek"}).exit_code, 1);
  EXPECT_GT(RunProgram({PROOFMINT, "kek", "old"}).exit_code, 1);
  Result result = RunProgram({PROOFMINT, "kek", "new", "--count=2"});
  EXPECT_GT(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
}

}  // namespace
}  // namespace proofmint::tools
