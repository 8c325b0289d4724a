#include "signer/keys/kek_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/dpop/base64url.h"
#include "tests/keys/kek_files.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::keys {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using proofmint::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Returns the ids of the keys of `text`; none if it is refused.
std::vector<KekId> IdsIn(absl::string_view text) {
  absl::StatusOr<std::vector<Kek>> keks = ParseKeks(text);
  EXPECT_THAT(keks, IsOk());
  std::vector<KekId> ids;
  if (keks.ok()) {
    for (const Kek& kek : *keks) ids.push_back(IdOf(kek));
  }
  return ids;
}

KekId TestId(uint8_t first) { return IdOf(TestKek(first)); }

TEST(KekLineTest, IsThePrefixAndTheKeyInBase64Url) {
  EXPECT_EQ(LineOf(TestKek(0)),
            "proofmint-kek-v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  FakeEntropy entropy;
  for (int i = 0; i < 1000; ++i) {
    Kek kek = GenerateKek(entropy).value();
    std::string encoded(43, '\0');
    dpop::EncodeBase64Url(kek.ExposeSecret(), encoded.data());
    EXPECT_EQ(LineOf(kek), absl::StrCat("proofmint-kek-v1:", encoded));
    EXPECT_THAT(IdsIn(LineOf(kek)), ElementsAre(IdOf(kek)));
  }
}

TEST(KekLineTest, IsReadAsStrictlyAsAnyBase64Url) {
  const std::string line = LineOf(TestKek(0xe5));
  for (size_t i = kKekLinePrefix.size(); i < line.size(); ++i) {
    for (int character = 0; character < 256; ++character) {
      std::string changed = line;
      changed[i] = static_cast<char>(character);
      absl::StatusOr<std::string> key =
          dpop::DecodeBase64Url(changed.substr(kKekLinePrefix.size()));
      absl::StatusOr<std::vector<Kek>> keks = ParseKeks(changed);
      ASSERT_EQ(keks.ok(), key.ok()) << i << " " << character;
      if (key.ok()) {
        std::span<const uint8_t> bytes = keks->at(0).ExposeSecret();
        EXPECT_EQ(std::string(bytes.begin(), bytes.end()), *key);
      }
    }
  }
}

TEST(ParseKeksTest, KeepsTheOrderAndSkipsComments) {
  EXPECT_THAT(IdsIn(LinesOf({3, 1, 2})),
              ElementsAre(TestId(3), TestId(1), TestId(2)));
  EXPECT_THAT(IdsIn(absl::StrCat("# first\n\n  # indented\r\n \t",
                                 LineOf(TestKek(1)), " \r\n\n#",
                                 LineOf(TestKek(9)), "\n", LineOf(TestKek(2)))),
              ElementsAre(TestId(1), TestId(2)));
}

TEST(ParseKeksTest, TakesSixteenKeysAndNoMore) {
  std::string text;
  for (uint8_t i = 0; i < 16; ++i) text += LinesOf({i});
  EXPECT_EQ(IdsIn(text).size(), 16u);
  EXPECT_THAT(ParseKeks(text + "\n" + LinesOf({16})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "kek_file: line 18: got another key, want at most 16 in "
                       "the file"));
}

TEST(ParseKeksTest, WantsAKey) {
  for (const char* text : {"", "\n", "# nothing\n", " \n\t\n"}) {
    EXPECT_THAT(ParseKeks(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "kek_file: got no key, want 1 to 16"));
  }
}

TEST(ParseKeksTest, RefusesAKeyTwiceAndAKeyOfZeros) {
  EXPECT_THAT(ParseKeks("#\n" + LinesOf({1, 2, 3, 2})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "kek_file: line 5: got the key of line 3 again, want "
                       "each key once"));
  EXPECT_THAT(ParseKeks(LinesOf({1}) + LineOf(Kek())),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "kek_file: line 2: got a key of zeros, want random "
                       "bytes"));
}

TEST(ParseKeksTest, NamesTheBadLineAndDoesNotQuoteIt) {
  const std::string good = LineOf(TestKek(1));
  const std::string key = good.substr(kKekLinePrefix.size());
  for (const std::string& line :
       {key, "proofmint-kek-v2:" + key, "Proofmint-kek-v1:" + key,
        "proofmint-kek-v1: " + key, good + "=", good + "A", good + " # mine",
        good.substr(0, good.size() - 1), good + good, good + "\v" + good,
        std::string("proofmint-kek-v1:"), std::string("x"),
        std::string(5000, 'k'), std::string(1, '\0') + good}) {
    for (const std::string& text : {LinesOf({7}) + "\n# comment\n" + line,
                                    LinesOf({7}) + "\n\n" + line + "\n",
                                    "#\n#\n#\n" + line + "\n" + good}) {
      EXPECT_THAT(ParseKeks(text),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           AllOf(HasSubstr("kek_file: line 4: malformed"),
                                 Not(HasSubstr(key.substr(0, 8))),
                                 Not(HasSubstr("kkk")))))
          << line;
    }
  }
}

class ReadKekFileTest : public ::testing::Test {
 protected:
  TempDir directory_;
  const std::string path_ = directory_ / "kek";
};

TEST_F(ReadKekFileTest, ReadsAFileAndThroughSymbolicLinks) {
  WriteKekFile(path_, LinesOf({1, 2}), 0440);
  const std::string link = directory_ / "link";
  std::filesystem::create_symlink("kek", link);
  for (const std::string& path : {path_, link}) {
    absl::StatusOr<std::vector<Kek>> keks = ReadKekFile(path);
    ASSERT_THAT(keks, IsOk());
    ASSERT_EQ(keks->size(), 2u);
    EXPECT_EQ(IdOf(keks->at(1)), TestId(2));
  }
}

TEST_F(ReadKekFileTest, RefusesWhatAllUsersMayReadOrWrite) {
  for (mode_t mode : {0400, 0440, 0600, 0640, 0660, 0700, 0401}) {
    WriteKekFile(path_, LinesOf({1}), mode);
    EXPECT_THAT(ReadKekFile(path_), IsOk()) << std::oct << mode;
  }
  for (mode_t mode : {0444, 0604, 0602, 0644, 0666, 0777}) {
    WriteKekFile(path_, LinesOf({1}), mode);
    EXPECT_THAT(ReadKekFile(path_),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         absl::StrCat("kek_file: ", path_,
                                      ": all users may read or write it, want "
                                      "permissions such as 0400 or 0440")))
        << std::oct << mode;
  }
}

TEST_F(ReadKekFileTest, RefusesALargeFile) {
  std::string text = LinesOf({1});
  text.resize(kMaxKekFileSize, '\n');
  WriteKekFile(path_, text);
  EXPECT_THAT(ReadKekFile(path_), IsOk());
  WriteKekFile(path_, text + "\n");
  EXPECT_THAT(
      ReadKekFile(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("kek_file: ", path_, ": larger than 16384 bytes")));
}

TEST_F(ReadKekFileTest, RefusesWhatIsNoFile) {
  EXPECT_THAT(ReadKekFile(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("kek_file: ", path_,
                                    ": No such file or directory")));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(
      ReadKekFile(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("kek_file: ", path_, ": not a regular file")));
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(
      ReadKekFile(fifo),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("kek_file: ", fifo, ": not a regular file")));
  const std::string loop = directory_ / "loop";
  std::filesystem::create_symlink("loop", loop);
  EXPECT_THAT(ReadKekFile(loop),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("Too many levels of symbolic links")));
}

TEST_F(ReadKekFileTest, FailsAsTheTextDoes) {
  WriteKekFile(path_, LinesOf({1, 1}));
  EXPECT_THAT(ReadKekFile(path_), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("kek_file: line 2:")));
}

}  // namespace
}  // namespace proofmint::keys
