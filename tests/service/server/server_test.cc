#include "signer/service/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::FakeEntropy;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::Serves;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// ServerAddressTest starts servers at addresses of its own.
class ServerAddressTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Server>> Start(
      std::vector<ListenAddress> listen) {
    ServerOptions options;
    options.listen = std::move(listen);
    options.allow_insecure_loopback = true;
    options.key_pool_capacity = 0;  // so that no entropy is drawn unasked
    return Server::Start(options, entropy_, TestTime);
  }

  TempDir directory_;
  FakeEntropy entropy_;
  const std::string path_ = directory_ / "s.sock";
};

TEST(ServerTest, TellsWhereItListens) {
  TestServer server;
  EXPECT_EQ(server.server().addresses()[0], server.unix_target());
  EXPECT_THAT(server.tcp_target(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_TRUE(Serves(server.unix_target()));
  EXPECT_TRUE(Serves(server.tcp_target()));
}

TEST_F(ServerAddressTest, WantsAnAddress) {
  EXPECT_THAT(Start({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("listen")));
}

TEST_F(ServerAddressTest, ServesOnSeveralSocketsOfEachKind) {
  auto server =
      Start({LoopbackTcp("127.0.0.1:0"), UnixAddress{directory_ / "a"},
             LoopbackTcp("127.0.0.2:0"), UnixAddress{directory_ / "b"}});
  ASSERT_THAT(server, IsOk());
  ASSERT_EQ((*server)->addresses().size(), 4u);
  for (const std::string& address : (*server)->addresses()) {
    EXPECT_TRUE(Serves(address)) << address;
  }
}

TEST(ServerTest, TwoServersInOneProcessDoNotDisturbEachOther) {
  TestServer first;
  auto second = std::make_unique<TestServer>();
  EXPECT_TRUE(Serves(second->unix_target()));
  second.reset();
  EXPECT_TRUE(Serves(first.unix_target()));
  EXPECT_TRUE(Serves(first.tcp_target()));
}

TEST_F(ServerAddressTest, LeavesAPortInUseToItsServer) {
  TestServer first;
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(Start({LoopbackTcp(first.tcp_target())}),
                StatusIs(absl::StatusCode::kAlreadyExists,
                         AllOf(HasSubstr(first.tcp_target()),
                               HasSubstr("want a free port"))));
  }
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Serves(first.tcp_target()));
}

TEST_F(ServerAddressTest, LeavesALiveUnixSocketToItsServer) {
  TestServer first;
  EXPECT_THAT(
      Start({LoopbackTcp("127.0.0.1:0"), UnixAddress{first.unix_path()}}),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(first.unix_path())));
  EXPECT_TRUE(Serves(first.unix_target()));
}

TEST_F(ServerAddressTest, GivesBackItsSocketIfAnotherAddressFails) {
  TestServer other;
  EXPECT_FALSE(
      Start({UnixAddress{path_}, LoopbackTcp(other.tcp_target())}).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(
      Start({UnixAddress{path_}, UnixAddress{other.unix_path()}}).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  auto server = Start({UnixAddress{path_}});
  ASSERT_THAT(server, IsOk());
  EXPECT_TRUE(Serves("unix:" + path_));
}

TEST_F(ServerAddressTest, RefusesTheSamePathTwice) {
  EXPECT_THAT(Start({UnixAddress{path_}, UnixAddress{path_}}),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path_)));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ServerAddressTest, StartsAgainWhereItStopped) {
  for (int round = 0; round < 3; ++round) {
    auto server = Start({UnixAddress{path_}});
    ASSERT_THAT(server, IsOk());
    EXPECT_TRUE(Serves("unix:" + path_));
  }
}

}  // namespace
}  // namespace proofmint::service
