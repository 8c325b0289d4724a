#include "signer/tools/doctor/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace proofmint::doctor {
namespace {

using ::testing::ElementsAre;

Report NewReport() {
  return {.issuer = "https://idp.example",
          .client_id = "broker",
          .version = "1.2.3",
          .started_at = absl::FromUnixSeconds(1700000000),
          .checks = {},
          .log_record = ""};
}

TEST(ReportTest, ExitCodeIsThatOfTheWorstCheck) {
  Report report = NewReport();
  report.Ok("a", "fine");
  report.Skip("b", "not applicable");
  EXPECT_EQ(ExitCode(report, /*strict=*/true), 0);
  report.Unknown("c", "no answer", "an answer", "try again");
  EXPECT_EQ(ExitCode(report, /*strict=*/false), 3);
  report.Warn("d", "odd", "even", "look");
  EXPECT_EQ(ExitCode(report, /*strict=*/false), 3);
  EXPECT_EQ(ExitCode(report, /*strict=*/true), 1);
  report.Fail("e", "bad", "good", "repair");
  EXPECT_EQ(ExitCode(report, /*strict=*/false), 1);
}

TEST(ReportTest, TextSaysWhatToDo) {
  Report report = NewReport();
  report.Ok("signer.reachable", "unix:a.sock");
  report.Fail("discovery.issuer", "another", "this one", "configure it");
  report.Skip("token.type", "no token");
  report.Skip("token.binding", "no token");
  report.Skip("par", "needs --par");
  report.log_record = "{}";
  EXPECT_THAT(
      absl::StrSplit(ToText(report), '\n'),
      ElementsAre("ok      signer.reachable       unix:a.sock",
                  "fail    discovery.issuer       another",
                  "          want: this one", "          do:   configure it",
                  "skip    token.type token.binding  no token",
                  "skip    par                    needs --par",
                  "log record of a broker:", "  {}", ""));
}

TEST(ReportTest, JsonHasEveryField) {
  Report report = NewReport();
  report.Warn("discovery.pkce", "plain", "S256", "ask").http = {
      {.method = "GET",
       .url = "https://idp.example/x",
       .status = 200,
       .milliseconds = 7}};
  report.log_record = R"({"type":"s"})";
  const auto json = nlohmann::json::parse(ToJson(report, /*strict=*/true));
  EXPECT_EQ(json, nlohmann::json::parse(R"({
    "issuer": "https://idp.example", "client_id": "broker",
    "version": "1.2.3", "started_at": "2023-11-14T22:13:20Z",
    "checks": [{"id": "discovery.pkce", "status": "warn", "found": "plain",
      "want": "S256", "remedy": "ask", "http": [{"method": "GET",
      "url": "https://idp.example/x", "status": 200, "ms": 7}]}],
    "log_record": {"type": "s"}, "exit": 1})"));
}

TEST(ReportTest, JsonSurvivesForeignBytesAndHasAnEmptyRecordWithoutOne) {
  Report report = NewReport();
  report.Ok("a", "\xff\xfe");
  const auto json = nlohmann::json::parse(ToJson(report, /*strict=*/false));
  EXPECT_EQ(json["log_record"], nlohmann::json::object());
  EXPECT_EQ(json["checks"][0]["found"], "\uFFFD\uFFFD");
}

}  // namespace
}  // namespace proofmint::doctor
