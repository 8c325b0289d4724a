// What the cases of exchange_cases.json do not show of HttpAnswer.

#include "signer/exchange/http_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace proofmint {
namespace {

constexpr char kDate[] = "Fri, 02 Jan 2026 03:04:45 GMT";
constexpr int64_t kDateSeconds = 1767323085;

HttpAnswer WithHeader(const std::string& name, const std::string& value) {
  HttpAnswer answer;
  answer.headers = {{name, value}};
  answer.sent_at = absl::FromUnixSeconds(kDateSeconds);
  answer.received_at = answer.sent_at;
  return answer;
}

TEST(HttpAnswerTest, FindsTheFirstHeaderInAnyCase) {
  HttpAnswer answer;
  answer.headers = {{"content-TYPE", " \ttext/html "}, {"Content-Type", "b"}};
  EXPECT_EQ(FindHeader(answer, "Content-Type"), "text/html");
  EXPECT_EQ(FindHeader(answer, "Content"), std::nullopt);
}

TEST(HttpAnswerTest, ReadsADate) {
  EXPECT_EQ(ClockSkewOf(WithHeader("Date", kDate)), absl::ZeroDuration());
  EXPECT_EQ(
      ClockSkewOf(WithHeader("Date", "Sat, 29 Feb 2020 23:59:59 GMT")),
      absl::FromUnixSeconds(1583020799) - absl::FromUnixSeconds(kDateSeconds));
}

TEST(HttpAnswerTest, ReadsNoDateInAnotherForm) {
  for (const char* date :
       {"", "Friday, 02-Jan-26 03:04:45 GMT", "Fri Jan  2 03:04:45 2026",
        "Fri, 02 Jan 2026 03:04:45 UTC", "Fri, 02 Jan 2026 03:04:45 GMT+1",
        "Fri, 2 Jan 2026 03:04:45 GMT", "Fri, 02 jan 2026 03:04:45 GMT",
        "Fri, 02 Jan 2026 03:04:-5 GMT", "Fri, +2 Jan 2026 03:04:45 GMT",
        "Fri; 02 Jan 2026 03:04:45 GMT", "Fri, 02-Jan 2026 03:04:45 GMT",
        "Fri, 02 Jan-2026 03:04:45 GMT", "Fri, 02 Jan 2026-03:04:45 GMT",
        "Fri, 02 Jan 2026 03-04:45 GMT", "Fri, 02 Jan 2026 03:04-45 GMT",
        "1767323085"}) {
    EXPECT_EQ(ClockSkewOf(WithHeader("Date", date)), std::nullopt) << date;
  }
}

TEST(HttpAnswerTest, TellsNoSkewWithoutBothTimes) {
  HttpAnswer answer = WithHeader("Date", kDate);
  answer.sent_at = absl::InfinitePast();
  EXPECT_EQ(ClockSkewOf(answer), std::nullopt);
  answer = WithHeader("Date", kDate);
  answer.received_at = absl::InfinitePast();
  EXPECT_EQ(ClockSkewOf(answer), std::nullopt);
}

TEST(HttpAnswerTest, ReadsRetryAfter) {
  EXPECT_EQ(RetryAfterOf(WithHeader("retry-after", "0")), absl::ZeroDuration());
  EXPECT_EQ(RetryAfterOf(WithHeader("Retry-After", "999999999")),
            absl::Seconds(999999999));
  EXPECT_EQ(RetryAfterOf(WithHeader("Retry-After", "9999999999")),
            std::nullopt);
  EXPECT_EQ(RetryAfterOf(WithHeader("Retry-After", "+7")), std::nullopt);
  EXPECT_EQ(RetryAfterOf(HttpAnswer()), std::nullopt);
  HttpAnswer without_time = WithHeader("Retry-After", kDate);
  without_time.received_at = absl::InfinitePast();
  EXPECT_EQ(RetryAfterOf(without_time), std::nullopt);
}

TEST(HttpAnswerTest, TellsTheHostOfALocation) {
  const auto host = [](const char* location) {
    return LocationHostOf(WithHeader("Location", location));
  };
  EXPECT_EQ(host("https://Login.Example"), "login.example");
  EXPECT_EQ(host("http://login.example:80/x?y#z"), "login.example");
  EXPECT_EQ(host("https://[2001:DB8::1]:8443/"), "[2001:db8::1]:8443");
  EXPECT_EQ(host("//login.example/"), "");
  EXPECT_EQ(host("ftp://login.example/"), "");
  EXPECT_EQ(host(""), "");
}

TEST(HttpAnswerTest, ReadsAHeaderOfManyParametersInALinearTime) {
  std::string value = "DPoP a=1";
  for (int i = 0; i < 100'000; ++i) value += ", b=2";
  const std::vector<Challenge> challenges =
      ReadChallenges(WithHeader("WWW-Authenticate", value));
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].parameters.size(), 100'001u);
}

}  // namespace
}  // namespace proofmint
