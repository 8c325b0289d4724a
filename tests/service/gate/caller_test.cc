#include "signer/service/gate/caller.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/connect_as.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::ConnectUnixAs;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::Process;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::testing::StartsWith;

class CallerTest : public ::testing::Test {
 protected:
  std::unique_ptr<CallerServer> Serve(CallerPolicy policy) {
    auto server = std::make_unique<CallerServer>(
        GrpcServerOptions{.listen = {UnixAddress{path_}}}, std::move(policy));
    EXPECT_EQ(chmod((directory_ / "").c_str(), 0755), 0);
    EXPECT_EQ(chmod(path_.c_str(), 0666), 0);
    return server;
  }

  // Returns a client whose connection is made by `process`.
  std::shared_ptr<grpc::Channel> ConnectAs(const Process& process) {
    base::UniqueFd connection = ConnectUnixAs(process, path_);
    EXPECT_TRUE(connection.valid());
    fcntl(connection.get(), F_SETFL, O_NONBLOCK);
    return grpc::CreateInsecureChannelFromFd("test", connection.Release());
  }

  std::shared_ptr<grpc::Channel> Connect() {
    return NewChannel("unix:" + path_);
  }

  TempDir directory_;
  const std::string path_ = directory_ / "s";
  const std::string own_id_ = absl::StrCat("uid:", geteuid());
};

// Only root can try other users.
class ForeignCallerTest : public CallerTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "becoming another user wants root";
  }
};

TEST_F(CallerTest, TheDaemonsOwnUserIsAlwaysAllowed) {
  const uid_t other = geteuid() + 1;
  const gid_t other_group = getegid() + 54321;
  for (const CallerPolicy& policy :
       {CallerPolicy{}, CallerPolicy{.allowed_uids = {other}},
        CallerPolicy{.allowed_gids = {other_group}}}) {
    auto server = Serve(policy);
    EXPECT_EQ(AskWhoIAm(Connect()), "allowed " + own_id_);
  }
}

TEST_F(ForeignCallerTest, WithoutListsEveryPeerIsAllowed) {
  auto server = Serve({});
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 65534, .gid = 65534})),
            "allowed uid:65534");
}

TEST_F(ForeignCallerTest, UsersAreToldApartOnTheirConnections) {
  auto server = Serve({.allowed_uids = {1234, 4000000000}});
  auto listed = ConnectAs({.uid = 1234, .gid = 1});
  auto stranger = ConnectAs({.uid = 1235, .gid = 1234});
  auto large = ConnectAs({.uid = 4000000000, .gid = 1});
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(AskWhoIAm(listed), "allowed uid:1234");
    EXPECT_EQ(AskWhoIAm(stranger), "refused uid:1235");
    EXPECT_EQ(AskWhoIAm(large), "allowed uid:4000000000");
    EXPECT_EQ(AskWhoIAm(Connect()), "allowed " + own_id_);
  }
}

TEST_F(ForeignCallerTest, AGroupCountsWhetherPrimaryOrSupplementary) {
  auto server = Serve({.allowed_uids = {1}, .allowed_gids = {990}});
  std::vector<gid_t> many(1000);
  std::iota(many.begin(), many.end(), 991);
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 990})), "allowed uid:7");
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 7, .groups = {989, 990}})),
            "allowed uid:7");
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 7, .groups = {989, 991}})),
            "refused uid:7");
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 7, .groups = many})),
            "refused uid:7");
  many.back() = 990;
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 7, .groups = many})),
            "allowed uid:7");
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 990, .gid = 7})), "refused uid:990");
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 1, .gid = 7})), "allowed uid:1");
}

TEST_F(ForeignCallerTest, AUsersListAloneLooksAtNoGroup) {
  auto server = Serve({.allowed_uids = {990}});
  EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 7, .gid = 990, .groups = {990}})),
            "refused uid:7");
}

TEST_F(ForeignCallerTest, ADescriptorThatIsUsedAgainHasItsNewOwner) {
  auto server = Serve({.allowed_uids = {1000}});
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 1000, .gid = 1})),
              "allowed uid:1000");
    EXPECT_EQ(AskWhoIAm(ConnectAs({.uid = 1001, .gid = 1})),
              "refused uid:1001");
  }
}

TEST_F(CallerTest, PlaintextTcpIsOneCaller) {
  CallerServer server(
      {.listen = {LoopbackTcp("127.0.0.1:0")}, .allow_insecure_loopback = true},
      {.allowed_uids = {geteuid() + 1}});
  EXPECT_EQ(AskWhoIAm(NewChannel(server.target())), "allowed loopback");
}

TEST_F(CallerTest, PlaintextTcpOverIpv6IsTheSameCaller) {
  base::UniqueFd probe(socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(probe.get(), reinterpret_cast<sockaddr*>(&address),
           sizeof(address)) != 0) {
    GTEST_SKIP() << "this host has no IPv6";
  }
  CallerServer server(
      {.listen = {LoopbackTcp("[::1]:0")}, .allow_insecure_loopback = true},
      {});
  EXPECT_EQ(AskWhoIAm(NewChannel(server.target())), "allowed loopback");
}

TEST(CallerPolicyTest, FindsNamesThatAreWrong) {
  EXPECT_THAT(ValidateCallerPolicy({}), IsOk());
  EXPECT_THAT(ValidateCallerPolicy({.allowed_sans = {"a.example"}}), IsOk());
  EXPECT_THAT(ValidateCallerPolicy({.allowed_sans = {"a.example", "*"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("allowed_sans: got \"*\", want ")));
}

}  // namespace
}  // namespace proofmint::service
