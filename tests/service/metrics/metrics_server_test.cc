// Tests the metrics port with well-behaved, silent and hostile clients.

#include "signer/service/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/metrics/metrics.h"
#include "tests/service/testing/metered_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/scrape.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::FinishSending;
using ::proofmint::testing::HttpGet;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::MeteredServer;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Scrape;
using ::proofmint::testing::Send;
using ::proofmint::testing::Serves;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestTime;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
    const std::string& address) {
  return MetricsServer::Start(LoopbackAddress{address}, {NewProcessMetrics()});
}

TEST(MetricsServerTest, ServesOnTheAddressThatItTells) {
  for (const char* host : {"127.0.0.1", "127.0.0.2"}) {
    auto server = Start(absl::StrCat(host, ":0"));
    ASSERT_THAT(server, IsOk());
    EXPECT_THAT((*server)->address(),
                MatchesRegex(absl::StrCat(host, ":[1-9][0-9]*")));
    EXPECT_THAT(Scrape((*server)->address()), HasSubstr(kProcessCpuSeconds));
  }
}

TEST(MetricsServerTest, NamesTheAddressThatItCannotHave) {
  auto first = Start("127.0.0.1:0");
  ASSERT_THAT(first, IsOk());
  const std::string taken = (*first)->address();
  EXPECT_THAT(Start(taken),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr("metrics_listen"), HasSubstr(taken))));
  EXPECT_THAT(Start("[::1]:0"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "metrics_listen: got [::1]:0, want an IPv4 address"));
  EXPECT_THAT(Scrape(taken), HasSubstr(kProcessCpuSeconds));
}

TEST(MetricsServerTest, AServerThatCannotHaveItsMetricsPortServesNothing) {
  auto first = Start("127.0.0.1:0");
  ASSERT_THAT(first, IsOk());
  TempDir directory;
  FakeEntropy entropy;
  ServerOptions options;
  options.listen = {UnixAddress{directory / "s"}};
  options.key_pool_capacity = 0;
  options.metrics_listen = LoopbackAddress{(*first)->address()};
  EXPECT_THAT(Server::Start(options, entropy, TestTime),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr((*first)->address())));
  EXPECT_FALSE(std::filesystem::exists(directory / "s"));
}

TEST(MetricsServerTest, GivesThePortBack) {
  auto first = Start("127.0.0.1:0");
  ASSERT_THAT(first, IsOk());
  const std::string address = (*first)->address();
  first->reset();
  EXPECT_THAT(Start(address), IsOk());
}

TEST(MetricsServerTest, ShowsNothingButTheMetrics) {
  auto server = Start("127.0.0.1:0");
  ASSERT_THAT(server, IsOk());
  for (const char* path :
       {"/", "/metric", "/etc/passwd", "/../../../../etc/passwd",
        "//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/proc/self/environ"}) {
    std::string answer = HttpGet((*server)->address(), path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << path;
    EXPECT_THAT(answer, Not(HasSubstr("root"))) << path;
  }
}

TEST(MetricsServerTest, AnswersHeadWithoutTheMetrics) {
  auto server = Start("127.0.0.1:0");
  ASSERT_THAT(server, IsOk());
  const auto head = [&](const std::string& path) {
    base::UniqueFd client = ConnectTcp((*server)->address());
    Send(client, "HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string answer;
    EXPECT_TRUE(ReadUntilClosed(client, kRpcLimit, answer));
    return answer;
  };
  const std::string answer = head("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(head("/"), StartsWith("HTTP/1.1 404"));
}

// By itself the library checks only every two seconds whether it is to stop.
TEST(MetricsServerTest, EndsAtOnce) {
  MeteredServer server;
  ASSERT_NE(server.Scrape(), "");
  const absl::Time start = absl::Now();
  server.Destroy();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(1500));
}

TEST(MetricsServerTest, EndsDespiteClientsThatSayNothing) {
  MeteredServer server;
  std::vector<base::UniqueFd> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(ConnectTcp(server.metrics_address()));
    ASSERT_TRUE(silent.back().valid());
    Send(silent.back(), "GET /met");
  }
  const absl::Time start = absl::Now();
  server.Destroy();
  EXPECT_LT(absl::Now() - start, kRpcLimit / 2);
}

TEST(MetricsServerTest, HangsUpOnAClientThatSaysNothing) {
  auto server = Start("127.0.0.1:0");
  ASSERT_THAT(server, IsOk());
  base::UniqueFd silent = ConnectTcp((*server)->address());
  ASSERT_TRUE(silent.valid());
  std::string received;
  EXPECT_TRUE(ReadUntilClosed(silent, kRpcLimit, received));
}

TEST(MetricsServerTest, SurvivesWhateverIsSent) {
  MeteredServer server;
  const std::string address = server.metrics_address();
  for (const std::string& bytes :
       {std::string("\0\0\0", 3), std::string("GET"),
        std::string("GET \r\n\r\n"), std::string("GET /metrics\r\n\r\n"),
        std::string("GET /metrics HTTP/9.9\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("POST /metrics HTTP/1.1\r\nContent-Length: "
                    "99999999999999999999\r\n\r\nx"),
        std::string("POST /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\nx"),
        std::string("POST /metrics HTTP/1.1\r\nTransfer-Encoding: "
                    "chunked\r\n\r\nffffffffffffffff\r\nx"),
        std::string("GET /metrics HTTP/1.1\r\nAuthorization: Digest x=\"\r\n"
                    "Range: bytes=5-1\r\nCookie: =\r\n\r\n"),
        "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nA: " + std::string(1 << 20, 'b') + "\r\n\r\n",
        "GET /" + std::string(4000, '%') + " HTTP/1.1\r\n\r\n",
        std::string(1 << 20, '\xff'), std::string(1 << 20, '\n')}) {
    base::UniqueFd client = ConnectTcp(address);
    ASSERT_TRUE(client.valid());
    Send(client, bytes);
    FinishSending(client);
    std::string answer;
    EXPECT_TRUE(ReadUntilClosed(client, kRpcLimit, answer))
        << bytes.substr(0, 60);
    EXPECT_LT(answer.size(), size_t{64 << 10});
  }
  for (int i = 0; i < 300; ++i) {
    base::UniqueFd gone = ConnectTcp(address);
    Send(gone, "GET /metrics HTTP/1.1\r\n\r\n");
  }
  EXPECT_THAT(server.Scrape(), HasSubstr(kKeysTaken));
  EXPECT_TRUE(Serves(server.unix_target()));
}

TEST(MetricsServerTest, CallsGoOnWhileThePortIsOccupied) {
  MeteredServer server;
  std::vector<base::UniqueFd> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(ConnectTcp(server.metrics_address()));
  }
  EXPECT_TRUE(Serves(server.unix_target()));
  silent.clear();
  EXPECT_THAT(server.Scrape(), HasSubstr(kKeysTaken));
}

}  // namespace
}  // namespace proofmint::service
