// What holds for the whole file of cases.

#include "tests/exchange/case_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <regex>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace proofmint::testing {
namespace {

using Json = nlohmann::json;

// The sections that the programs of tests/exchange run.
constexpr std::array kSections = {
    "algorithm_choice", "challenges", "exchanges",      "freshness",
    "log_records",      "nonces",     "server_metadata"};

// The rows of the decision table: their letters, and how many each has.
constexpr std::array<std::pair<char, int>, 9> kRows = {{{'N', 11},
                                                        {'E', 6},
                                                        {'T', 3},
                                                        {'B', 5},
                                                        {'F', 4},
                                                        {'S', 3},
                                                        {'A', 4},
                                                        {'M', 4},
                                                        {'L', 1}}};

TEST(CaseFileTest, HasTheSectionsThatAreRunAndNoOthers) {
  Fields file(CaseFile(), "file");
  EXPECT_EQ(file.Integer("format"), 1);
  for (const char* section : kSections) file.List(section);
}

TEST(CaseFileTest, EveryCaseHasAnIdOfItsOwnAndSaysWhatItShows) {
  std::set<std::string> rows;
  for (const auto& [letter, count] : kRows) {
    for (int row = 1; row <= count; ++row) {
      rows.insert(absl::StrCat(std::string(1, letter), row));
    }
  }
  std::set<std::string> ids;
  for (const char* section : kSections) {
    for (const Json& entry : CaseFile().at(section)) {
      const std::string id = entry.value("id", "");
      EXPECT_TRUE(std::regex_match(id, std::regex("[a-z0-9_]+"))) << id;
      EXPECT_TRUE(ids.insert(id).second) << id << ": there is another one";
      EXPECT_TRUE(absl::EndsWith(entry.value("shows", ""), "."))
          << id << ": want a sentence in shows";
      EXPECT_FALSE(entry.value("rows", Json::array()).empty()) << id;
      for (const Json& row : entry.value("rows", Json::array())) {
        EXPECT_TRUE(rows.count(row.get<std::string>())) << id << ": " << row;
      }
    }
  }
}

TEST(CaseFileTest, EveryRowOfAnExchangeIsShown) {
  std::set<std::string> shown;
  for (const Json& entry : CaseFile().at("exchanges")) {
    for (const Json& row : entry.at("rows")) shown.insert(row);
  }
  for (const auto& [letter, count] : kRows) {
    if (!std::strchr("NETBFS", letter)) continue;
    for (int row = 1; row <= count; ++row) {
      EXPECT_TRUE(shown.count(absl::StrCat(std::string(1, letter), row)))
          << letter << row;
    }
  }
}

// Tests that the reader does not pass over anything.

TEST(FieldsTest, FailsOnAnUnknownMember) {
  EXPECT_NONFATAL_FAILURE(Fields(Json{{"nonse", "x"}}, "case"),
                          "case: unknown member nonse");
}

TEST(FieldsTest, FailsOnAMissingMember) {
  EXPECT_NONFATAL_FAILURE(Fields(Json::object(), "case").String("nonce"),
                          "case: no member nonce");
}

TEST(FieldsTest, FailsOnAnotherType) {
  EXPECT_NONFATAL_FAILURE(
      Fields(Json{{"nonce", 7}}, "case").String("nonce", ""),
      "case.nonce: got 7, want a string");
  EXPECT_NONFATAL_FAILURE(
      Fields(Json{{"status", 4.5}}, "case").Integer("status", 0),
      "want an integer");
  EXPECT_NONFATAL_FAILURE(Fields(Json{{"ok", 1}}, "case").Boolean("ok", false),
                          "want true or false");
  EXPECT_NONFATAL_FAILURE(Fields(Json{{"steps", 1}}, "case").List("steps"),
                          "want a list");
  EXPECT_NONFATAL_FAILURE(Fields(Json::array(), "case"), "want an object");
}

TEST(FieldsTest, FailsOnHeadersThatAreNoPairs) {
  const Json object = Json::parse(R"({"headers": [["Date"]]})");
  EXPECT_NONFATAL_FAILURE(Fields(object, "case").Headers("headers"),
                          "want a name and a value");
}

TEST(FieldsTest, ReadsCharactersAsBytes) {
  EXPECT_EQ(HeaderBytes("a\xc3\xa9\xc2\x80"), "a\xe9\x80");
}

}  // namespace
}  // namespace proofmint::testing
