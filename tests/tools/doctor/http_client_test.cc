#include "signer/tools/doctor/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/tools/doctor/canned_http_server.h"

namespace proofmint::doctor {
namespace {

using ::proofmint::testing::CannedHttpServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

HttpClient NewClient() { return HttpClient("", "proofmint/test"); }

TEST(HttpClientTest, ReturnsTheAnswerWithAllItsHeaders) {
  CannedHttpServer server(
      "HTTP/1.1 400 Bad Request\r\nDPoP-Nonce: one\r\ndpop-nonce: two\r\n"
      "Content-Length: 4\r\n\r\nbody");
  HttpClient client = NewClient();
  const absl::StatusOr<HttpAnswer> answer =
      client.Send({.method = "POST",
                   .url = server.url() + "/token?a=b",
                   .headers = {{"DPoP", "proof"}},
                   .body = "x=y"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->body, "body");
  EXPECT_LE(answer->sent_at, answer->received_at);
  std::vector<std::string> nonces;
  for (const auto& [name, value] : answer->headers) {
    if (absl::EqualsIgnoreCase(name, "dpop-nonce")) nonces.push_back(value);
  }
  EXPECT_THAT(nonces, ::testing::ElementsAre("one", "two"));
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(server.requests()[0], HasSubstr("POST /token?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(server.requests()[0], HasSubstr("DPoP: proof\r\n"));
  EXPECT_THAT(server.requests()[0], HasSubstr("Content-Length: 3\r\n"));
  const std::vector<HttpLine> lines = client.TakeLines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].method, "POST");
  EXPECT_EQ(lines[0].url, server.url() + "/token");
  EXPECT_EQ(lines[0].status, 400);
  EXPECT_THAT(client.TakeLines(), IsEmpty());
}

TEST(HttpClientTest, DoesNotFollowARedirect) {
  CannedHttpServer other(kOk);
  CannedHttpServer server(
      absl::StrCat("HTTP/1.1 302 Found\r\nLocation: ", other.url(),
                   "/\r\nContent-Length: 0\r\n\r\n"));
  HttpClient client = NewClient();
  EXPECT_EQ(client.Send({.url = server.url()})->status, 302);
  EXPECT_THAT(other.requests(), IsEmpty());
}

TEST(HttpClientTest, ReadsOneByteMoreThanTheLimitOfABody) {
  for (size_t size : {kMaxBodySize, kMaxBodySize + 1, 3 * kMaxBodySize}) {
    CannedHttpServer server(
        absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", size, "\r\n\r\n",
                     std::string(size, 'x')));
    HttpClient client = NewClient();
    const absl::StatusOr<HttpAnswer> answer =
        client.Send({.url = server.url()});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body.size(), std::min(size, kMaxBodySize + 1));
  }
}

TEST(HttpClientTest, SendsAUrlSixRequestsAtMost) {
  CannedHttpServer server(kOk);
  HttpClient client = NewClient();
  for (int i = 0; i < kMaxRequestsPerUrl; ++i) {
    EXPECT_EQ(client.RequestsLeft(server.url() + "/a"), kMaxRequestsPerUrl - i);
    EXPECT_TRUE(
        client.Send({.url = absl::StrCat(server.url(), "/a?", i)}).ok());
  }
  EXPECT_FALSE(client.Send({.url = server.url() + "/a"}).ok());
  EXPECT_THAT(server.requests(), SizeIs(kMaxRequestsPerUrl));
  EXPECT_TRUE(client.Send({.url = server.url() + "/b"}).ok());
}

TEST(HttpClientTest, SaysWhyThereIsNoAnswer) {
  HttpClient client = NewClient();
  const absl::Status refused =
      client.Send({.url = "http://127.0.0.1:1/"}).status();
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("connect"));
  EXPECT_EQ(client.TakeLines().at(0).status, 0);
  CannedHttpServer silent("");
  EXPECT_TRUE(absl::IsUnavailable(client.Send({.url = silent.url()}).status()));
}

TEST(HttpClientTest, AnAnswerThatCannotBeReadIsNoRequestThatWasNotSent) {
  CannedHttpServer server("HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n");
  HttpClient client = NewClient();
  const absl::Status error =
      client.Send({.method = "POST", .url = server.url() + "/token"}).status();
  EXPECT_FALSE(error.ok());
  EXPECT_NE(error.code(), absl::StatusCode::kInvalidArgument);
  bool marked = false;
  error.ForEachPayload([&](auto&&...) { marked = true; });
  EXPECT_FALSE(marked) << error;
}

TEST(HttpClientTest, SpeaksNothingButHttp) {
  HttpClient client = NewClient();
  EXPECT_FALSE(client.Send({.url = "file:///etc/hostname"}).ok());
}

TEST(HttpClientTest, TakesAProxyFromHttpsProxyAloneAndForHttpsAlone) {
  CannedHttpServer proxy("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  CannedHttpServer server(kOk);
  for (const char* name : {"http_proxy", "ALL_PROXY", "https_proxy"}) {
    setenv(name, proxy.url().c_str(), 1);
  }
  HttpClient client = NewClient();
  EXPECT_EQ(client.Send({.url = server.url()})->status, 200);
  EXPECT_THAT(proxy.requests(), IsEmpty());
  EXPECT_FALSE(client.Send({.url = "https://idp.example/"}).ok());
  ASSERT_THAT(proxy.requests(), SizeIs(1));
  EXPECT_THAT(proxy.requests()[0], HasSubstr("CONNECT idp.example:443"));
  for (const char* name : {"http_proxy", "ALL_PROXY", "https_proxy"}) {
    unsetenv(name);
  }
}

TEST(HttpTextTest, EncodesForms) {
  EXPECT_EQ(FormBody({}), "");
  EXPECT_EQ(FormBody({{"a b", "c&d=e"}, {"f", "\xc3\xa9~-._"}}),
            "a%20b=c%26d%3De&f=%C3%A9~-._");
  EXPECT_EQ(WithoutQuery("https://a/b?c#d"), "https://a/b");
  EXPECT_EQ(WithoutQuery("https://a/b#c?d"), "https://a/b");
}

}  // namespace
}  // namespace proofmint::doctor
