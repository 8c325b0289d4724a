#include "signer/service/net/tcp_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/service/net/listener_checks.h"
#include "tests/service/testing/accepted_connections.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AcceptedConnections;
using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::WaitReadable;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::Duration kLimit = absl::Seconds(10);

std::unique_ptr<TcpListener> MustBind(
    const std::string& host_port = "127.0.0.1:0") {
  auto listener = TcpListener::Bind(host_port);
  EXPECT_THAT(listener, IsOk());
  return listener.ok() ? *std::move(listener) : nullptr;
}

std::string Port(const TcpListener& listener) {
  return listener.host_port().substr(listener.host_port().rfind(':') + 1);
}

bool HasIpv6() {
  base::UniqueFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return bind(probe.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) == 0;
}

base::UniqueFd ConnectIpv6Loopback(const TcpListener& listener) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(static_cast<uint16_t>(std::stoi(Port(listener))));
  base::UniqueFd client(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)) == 0
             ? std::move(client)
             : base::UniqueFd();
}

int Option(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

// Hangs up in such a way that nothing is sent or received any more.
void Reset(base::UniqueFd client) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

TEST(TcpListenerTest, HandsOverConnectionsThatSuitGrpc) {
  AcceptedConnections connections;
  auto listener = MustBind();
  EXPECT_THAT(listener->host_port(), StartsWith("127.0.0.1:"));
  EXPECT_NE(Port(*listener), "0");
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  for (size_t i = 0; i < 3; ++i) {
    base::UniqueFd client = ConnectTcp(listener->host_port());
    ASSERT_TRUE(client.valid());
    const int accepted = connections.Wait(i);
    ASSERT_GE(accepted, 0);
    EXPECT_NE(fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(Option(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(Option(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT), 20'000);
    EXPECT_EQ(Option(accepted, SOL_SOCKET, SO_REUSEPORT), 0);
    EXPECT_EQ(Option(accepted, SOL_SOCKET, SO_SNDBUF), 256 << 10);
    ASSERT_EQ(send(accepted, "hello", 5, MSG_NOSIGNAL), 5);
    EXPECT_TRUE(WaitReadable(client, kLimit));
  }
}

TEST(TcpListenerTest, ServesConnectionsMadeBeforeStart) {
  auto listener = MustBind();
  const std::string host_port = listener->host_port();
  CheckServesConnectionsMadeBeforeStart(std::move(listener),
                                        [&] { return ConnectTcp(host_port); });
}

TEST(TcpListenerTest, DropsConnectionsThatWereResetMeanwhile) {
  AcceptedConnections connections;
  auto listener = MustBind();
  Reset(ConnectTcp(listener->host_port()));
  base::UniqueFd client = ConnectTcp(listener->host_port());
  ASSERT_TRUE(client.valid());
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  ASSERT_GE(connections.Wait(0), 0);
  ASSERT_EQ(send(connections.Wait(0), "hello", 5, MSG_NOSIGNAL), 5);
  EXPECT_TRUE(WaitReadable(client, kLimit));
  listener.reset();
  EXPECT_FALSE(connections.WaitFor(1, absl::ZeroDuration()));
}

TEST(TcpListenerTest, RefusesAPortThatIsInUse) {
  AcceptedConnections connections;
  auto first = MustBind();
  ASSERT_THAT(first->Start(connections.Sink()), IsOk());
  std::vector<std::string> taken = {first->host_port(),
                                    "0.0.0.0:" + Port(*first)};
  if (HasIpv6()) taken.push_back("[::]:" + Port(*first));
  for (const std::string& host_port : taken) {
    EXPECT_THAT(TcpListener::Bind(host_port),
                StatusIs(absl::StatusCode::kAlreadyExists,
                         absl::StrCat("listen: got ", host_port,
                                      ", which cannot be bound, want a free "
                                      "port of this host")));
  }
  base::UniqueFd client = ConnectTcp(first->host_port());
  EXPECT_GE(connections.Wait(0), 0);
}

TEST(TcpListenerTest, RefusesAnAddressOfAnotherHost) {
  // RFC 5737 section 3: for documentation alone.
  EXPECT_THAT(TcpListener::Bind("192.0.2.1:0"),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       "listen: got 192.0.2.1:0, which cannot be bound, want "
                       "an address of this host"));
  // RFC 3849. A host without IPv6 has no such address either.
  EXPECT_THAT(TcpListener::Bind("[2001:db8::1]:0"),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       "listen: got [2001:db8::1]:0, which cannot be bound, "
                       "want an address of this host, and a host with IPv6"));
}

TEST(TcpListenerTest, RefusesWhatIsNoNumericAddressAndPort) {
  for (const char* host_port :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "localhost:0", "::1:0", "[::1]", "[]:0", "[127.0.0.1]:0", "[::1:0",
        ":0"}) {
    EXPECT_THAT(TcpListener::Bind(host_port),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         StartsWith(absl::StrCat("listen: got ", host_port,
                                                 ", want a numeric"))));
  }
}

TEST(TcpListenerTest, LetsExactlyOneOfManyBindAtOnce) {
  const std::string host_port = MustBind()->host_port();
  auto winner = CheckExactlyOneBinds<TcpListener>(host_port);
  EXPECT_TRUE(ConnectTcp(host_port).valid());
}

TEST(TcpListenerTest, BindsAgainWhileOldConnectionsLast) {
  AcceptedConnections connections;
  auto listener = MustBind();
  const std::string host_port = listener->host_port();
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  base::UniqueFd client = ConnectTcp(host_port);
  const int accepted = connections.Wait(0);
  ASSERT_GE(accepted, 0);
  listener.reset();
  EXPECT_FALSE(ConnectTcp(host_port).valid());
  auto successor = MustBind(host_port);
  ASSERT_NE(successor, nullptr);
  EXPECT_EQ(successor->host_port(), host_port);
  ASSERT_EQ(send(accepted, "hello", 5, MSG_NOSIGNAL), 5);
  EXPECT_TRUE(WaitReadable(client, kLimit));
}

TEST(TcpListenerTest, Ipv6LoopbackIsForIpv6Alone) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 here";
  AcceptedConnections connections;
  auto listener = MustBind("[::1]:0");
  EXPECT_THAT(listener->host_port(), StartsWith("[::1]:"));
  EXPECT_THAT(listener->host_port(), Not("[::1]:0"));
  ASSERT_THAT(listener->Start(connections.Sink()), IsOk());
  base::UniqueFd client = ConnectIpv6Loopback(*listener);
  ASSERT_TRUE(client.valid());
  EXPECT_GE(connections.Wait(0), 0);
  EXPECT_FALSE(ConnectTcp("127.0.0.1:" + Port(*listener)).valid());
}

TEST(TcpListenerTest, AllOfIpv6IsForIpv4TooAndNotTheOtherWayRound) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 here";
  AcceptedConnections connections;
  auto both = MustBind("[::]:0");
  ASSERT_THAT(both->Start(connections.Sink()), IsOk());
  base::UniqueFd ipv4 = ConnectTcp("127.0.0.1:" + Port(*both));
  base::UniqueFd ipv6 = ConnectIpv6Loopback(*both);
  EXPECT_TRUE(ipv4.valid() && ipv6.valid());
  EXPECT_GE(connections.Wait(1), 0);

  auto ipv4_alone = MustBind("0.0.0.0:0");
  ASSERT_THAT(ipv4_alone->Start(connections.Sink()), IsOk());
  EXPECT_TRUE(ConnectTcp("127.0.0.1:" + Port(*ipv4_alone)).valid());
  EXPECT_FALSE(ConnectIpv6Loopback(*ipv4_alone).valid());
}

TEST(TcpListenerTest, ServesItsBacklogWhenItEnds) {
  auto listener = MustBind();
  const std::string host_port = listener->host_port();
  CheckServesItsBacklogWhenItEnds(std::move(listener),
                                  [&] { return ConnectTcp(host_port); });
}

TEST(TcpListenerTest, HangsUpOnConnectionsThatItNeverStartedToServe) {
  auto listener = MustBind();
  const std::string host_port = listener->host_port();
  CheckHangsUpIfItNeverStarted(std::move(listener),
                               [&] { return ConnectTcp(host_port); });
}

TEST(TcpListenerTest, AcceptsAgainAfterDescriptorsRanOut) {
  auto listener = MustBind();
  const std::string host_port = listener->host_port();
  CheckAcceptsAgainAfterDescriptorsRanOut(
      std::move(listener), [&] { return ConnectTcp(host_port); });
}

}  // namespace
}  // namespace proofmint::service
