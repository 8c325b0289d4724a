#include "signer/service/observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/service/testing/log_lines.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::LinesOf;
using ::testing::MatchesRegex;
using Json = nlohmann::json;

TEST(LogTest, WritesOneJsonObjectALine) {
  std::vector<std::string> lines = LinesOf([] {
    LogInfo("listening", {{"address", "unix:/x"}, {"port", ""}});
    LogError("failed");
  });
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(
      lines[0],
      MatchesRegex(
          R"(\{"time":"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\.[0-9]+Z",)"
          R"("level":"info","message":"listening","address":"unix:/x",)"
          R"("port":""\})"));
  Json second = Json::parse(lines[1]);
  EXPECT_EQ(second["level"], "error");
  EXPECT_EQ(second["message"], "failed");
  EXPECT_EQ(second.size(), 3u);
}

TEST(LogTest, EscapesHostileText) {
  for (const std::string& text :
       {std::string("\",\"level\":\"error"), std::string("a\nb\r\n{}"),
        std::string("{} {0} %v %l %^"), std::string("nul \0 byte", 10),
        std::string("\x1b[31m\x7f"), std::string("\xe2\x80\xa8 \xc3\xa9"),
        std::string(100'000, '"'), std::string()}) {
    std::vector<std::string> lines = LinesOf([&] {
      LogInfo(text, {{"field", text}});
    });
    ASSERT_EQ(lines.size(), 1u);
    Json json = Json::parse(lines[0]);
    EXPECT_EQ(json["message"], text);
    EXPECT_EQ(json["field"], text);
    EXPECT_EQ(json["level"], "info");
    for (char c : lines[0]) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

TEST(LogTest, WritesJsonEvenForTextThatIsNoUtf8) {
  std::vector<std::string> lines = LinesOf([] {
    LogInfo("path", {{"path", "/\xff\xfe\xc3("}});
  });
  ASSERT_FALSE(lines.empty());
  Json json = Json::parse(lines.back(), nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(json.is_object()) << lines.back();
  EXPECT_EQ(lines.size(), 1u) << lines[0];
}

// DEL, U+009B (CSI) and U+202E (right-to-left override).
TEST(LogTest, EscapesWhatCommandsATerminal) {
  std::vector<std::string> lines = LinesOf([] {
    LogInfo("m", {{"f", "\x7f\u009b\u202e"}});
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], ::testing::HasSubstr(R"("f":"\u007f\u009b\u202e")"));
}

TEST(LogTest, KeepsLinesOfSeveralThreadsApart) {
  std::vector<std::string> lines = LinesOf([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int j = 0; j < 50; ++j) LogInfo("m", {{"f", "v"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  ASSERT_EQ(lines.size(), 200u);
  for (const std::string& line : lines) {
    EXPECT_EQ(Json::parse(line)["f"], "v");
  }
}

}  // namespace
}  // namespace proofmint::service
