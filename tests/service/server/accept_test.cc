// Tests which connections the server closes as soon as they are accepted.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/server/library_logs.h"
#include "tests/service/testing/caller_server.h"
#include "tests/service/testing/log_lines.h"
#include "tests/testing/certificates.h"
#include "tests/testing/connect_as.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::ConnectUnixAs;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::LinesOf;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kMaxConnections = 64;
constexpr int kMaxOfCaller = 16;

class AcceptTest : public ::testing::Test {
 protected:
  GrpcServerOptions Options(std::vector<ListenAddress> listen) {
    return {.listen = std::move(listen),
            .allow_insecure_loopback = true,
            .limits = &limits_};
  }

  // Expects the server to serve `connect()` as often as a caller may connect,
  // and to close all further connections, of which the log has one line.
  template <typename Connect>
  void ExpectServesUpToTheLimit(Connect connect) {
    std::vector<base::UniqueFd> served;
    for (int i = 0; i < kMaxOfCaller; ++i) {
      served.push_back(connect());
      // Only gRPC greets.
      ASSERT_TRUE(WaitReadable(served.back(), kRpcLimit)) << i;
    }
    const std::vector<std::string> lines = LinesOf([&] {
      for (int i = 0; i < 50; ++i) {
        std::string received;
        EXPECT_TRUE(ReadUntilClosed(connect(), kRpcLimit, received));
        EXPECT_EQ(received, "");
      }
    });
    EXPECT_EQ(lines.size(), 1u);
    EXPECT_EQ(record_.refused(ConnectionRefusal::kCallerLimit), 50u);
    EXPECT_EQ(limits_.open_connections(), served.size());
    served.pop_back();
    // gRPC closes its side a moment later, and then there is a place again.
    const absl::Time end = absl::Now() + kRpcLimit;
    while (limits_.open_connections() == kMaxOfCaller && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    while (!WaitReadable(connect(), kRpcLimit) && absl::Now() < end) {
    }
    EXPECT_LT(absl::Now(), end);
  }

  TempDir directory_;
  const std::string path_ = directory_ / "s";
  ConnectionRecord record_;
  ConnectionLimits limits_{{.max_connections = kMaxConnections}, record_};
};

TEST_F(AcceptTest, LimitsTheUnixConnectionsOfACaller) {
  CallerServer server(Options({UnixAddress{path_}}), {});
  ExpectServesUpToTheLimit([&] { return ConnectUnix(path_); });
}

TEST_F(AcceptTest, LimitsTheTcpConnectionsOfAnAddress) {
  CallerServer server(Options({LoopbackTcp("127.0.0.1:0"), UnixAddress{path_}}),
                      {});
  ExpectServesUpToTheLimit([&] { return ConnectTcp(server.target()); });
  EXPECT_THAT(AskWhoIAm(NewChannel("unix:" + path_)), StartsWith("allowed"));
}

TEST_F(AcceptTest, ACallerWithAPenaltyIsClosedAtAccept) {
  CallerServer server(Options({UnixAddress{path_}}), {});
  auto before = NewChannel("unix:" + path_);
  EXPECT_THAT(AskWhoIAm(before), StartsWith("allowed"));
  const std::string own_id = absl::StrCat("uid:", geteuid());
  for (int i = 0; i < 10; ++i) limits_.Penalize(own_id);
  std::string received;
  EXPECT_TRUE(ReadUntilClosed(ConnectUnix(path_), kRpcLimit, received));
  EXPECT_EQ(record_.refused(ConnectionRefusal::kPenalty), 1u);
  // What is open stays.
  EXPECT_THAT(AskWhoIAm(before), StartsWith("allowed"));
}

TEST_F(AcceptTest, HandshakesOfAnAddressAreLimited) {
  CaptureLibraryLogs();  // which counts handshakes that fail
  Certificates certificates;
  auto tls =
      TlsCredentials::Load({.certificate = certificates.Path("server.crt"),
                            .key = certificates.Path("server.key"),
                            .client_ca = certificates.Path("ca.crt")});
  ASSERT_THAT(tls, IsOk());
  GrpcServerOptions options = Options({LoopbackTcp("127.0.0.1:0")});
  options.allow_insecure_loopback = false;
  options.tls = tls->get();
  CallerServer server(options, {.allowed_sans = {"broker.example"}});
  // As fast as this, no handshake is forgotten before 1/25 s has passed.
  const absl::Time start = absl::Now();
  int connections = 0;
  while (record_.refused(ConnectionRefusal::kHandshakeRate) == 0) {
    base::UniqueFd client = ConnectTcp(server.target());
    ASSERT_TRUE(client.valid());
    testing::Send(client, "no handshake");
    std::string received;
    EXPECT_TRUE(ReadUntilClosed(client, kRpcLimit, received));
    ++connections;
    const double refilled = absl::ToDoubleSeconds(absl::Now() - start) *
                            ConnectionLimits::kHandshakesOfAddress;
    ASSERT_LE(connections, kMaxOfCaller + 2 + refilled);
  }
  EXPECT_GT(connections, kMaxOfCaller);
}

// Only root can try other users.
TEST_F(AcceptTest, AFewPeersThatMayNotCallAreToldSo) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user wants root";
  CallerServer server(Options({UnixAddress{path_}}), {.allowed_uids = {1234}});
  ASSERT_EQ(chmod((directory_ / "").c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  std::vector<std::shared_ptr<grpc::Channel>> told;
  for (int i = 0; i < ConnectionLimits::kMaxOpenNotAllowed; ++i) {
    base::UniqueFd client = ConnectUnixAs({.uid = 4321, .gid = 1}, path_);
    fcntl(client.get(), F_SETFL, O_NONBLOCK);
    told.push_back(grpc::CreateInsecureChannelFromFd("test", client.Release()));
    EXPECT_EQ(AskWhoIAm(told.back()), "refused uid:4321");
  }
  const std::vector<std::string> lines = LinesOf([&] {
    for (int i = 0; i < 50; ++i) {
      std::string received;
      EXPECT_TRUE(ReadUntilClosed(ConnectUnixAs({.uid = 4321, .gid = 1}, path_),
                                  kRpcLimit, received));
      EXPECT_EQ(received, "");
    }
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("uid:4321"));
  EXPECT_THAT(lines[0], HasSubstr("not_allowed"));
  EXPECT_EQ(record_.refused(ConnectionRefusal::kNotAllowed), 50u);
  EXPECT_THAT(AskWhoIAm(NewChannel("unix:" + path_)), StartsWith("allowed"));
}

}  // namespace
}  // namespace proofmint::service
