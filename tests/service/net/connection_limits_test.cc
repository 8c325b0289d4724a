#include "signer/service/net/connection_limits.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/unique_fd.h"
#include "tests/service/testing/log_lines.h"

namespace proofmint::service {
namespace {

constexpr int kMaxConnections = 64;
constexpr int kMaxOfCaller = 16;

class ConnectionLimitsTest : public ::testing::Test {
 protected:
  // Opens a connection, which stays open until it is taken out of `open_`.
  int NewFd() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    peers_.emplace_back(pair[1]);
    return open_.emplace_back(pair[0]).get();
  }

  bool Admit(const std::string& uid, bool allowed = true) {
    return Keep(limits_.AdmitUnix(NewFd(), uid, allowed));
  }
  bool AdmitTcp(const std::string& address, bool tls = false) {
    return Keep(limits_.AdmitTcp(NewFd(), address, tls));
  }

  // Closes the connection that was opened last unless it was admitted.
  bool Keep(bool admitted) {
    if (!admitted) open_.pop_back();
    return admitted;
  }

  // Opens connections until one is refused. Returns how many were admitted.
  template <typename Open>
  int CountUntilRefused(Open open) {
    int count = 0;
    while (count < 10 * kMaxConnections && open()) ++count;
    return count;
  }

  uint64_t Refused(ConnectionRefusal reason) const {
    return record_.refused(reason);
  }

  absl::Duration now_ = absl::Hours(1);
  std::list<base::UniqueFd> open_;
  std::list<base::UniqueFd> peers_;
  ConnectionRecord record_{[this] { return now_; }};
  ConnectionLimits limits_{
      {.max_connections = kMaxConnections}, record_, [this] { return now_; }};
};

TEST_F(ConnectionLimitsTest, ACallerMayHaveAQuarterOfAllConnections) {
  EXPECT_EQ(CountUntilRefused([&] { return Admit("uid:1"); }), kMaxOfCaller);
  EXPECT_EQ(Refused(ConnectionRefusal::kCallerLimit), 1u);
  EXPECT_TRUE(Admit("uid:2"));
  EXPECT_EQ(limits_.open_connections(), size_t{kMaxOfCaller + 1});
}

TEST_F(ConnectionLimitsTest, UnixSocketsAndTcpHaveTheirOwnPlaces) {
  int caller = 0;
  EXPECT_EQ(CountUntilRefused([&] { return Admit(absl::StrCat(++caller)); }),
            kMaxConnections);
  EXPECT_EQ(CountUntilRefused([&] { return AdmitTcp(absl::StrCat(++caller)); }),
            kMaxConnections);
  EXPECT_EQ(Refused(ConnectionRefusal::kTotalLimit), 2u);
  EXPECT_EQ(limits_.open_connections(), size_t{2 * kMaxConnections});
}

TEST_F(ConnectionLimitsTest, AConnectionThatIsClosedGivesItsPlaceBack) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(CountUntilRefused([&] { return Admit("uid:1"); }), kMaxOfCaller);
    open_.clear();
    EXPECT_EQ(limits_.open_connections(), 0u);
    now_ += ConnectionLimits::kSweepInterval;
  }
  int caller = 0;
  EXPECT_EQ(CountUntilRefused([&] { return Admit(absl::StrCat(++caller)); }),
            kMaxConnections);
  open_.clear();
  now_ += ConnectionLimits::kSweepInterval;
  EXPECT_TRUE(Admit("uid:1"));
  EXPECT_EQ(limits_.open_connections(), 1u);
}

// Closed connections that are not known to be closed need no system calls when
// their descriptors come back.
TEST_F(ConnectionLimitsTest, ADescriptorThatIsUsedAgainCountsOnce) {
  for (int i = 0; i < 10 * kMaxOfCaller; ++i) {
    EXPECT_TRUE(Admit("uid:1"));
    open_.clear();
  }
  EXPECT_EQ(Refused(ConnectionRefusal::kCallerLimit), 0u);
}

TEST_F(ConnectionLimitsTest, LooksForClosedConnectionsNowAndThen) {
  EXPECT_EQ(CountUntilRefused([&] { return Admit("uid:1"); }), kMaxOfCaller);
  const size_t closed = open_.size();
  open_.clear();
  // Other files get the descriptors.
  std::vector<base::UniqueFd> others;
  for (size_t i = 0; i < closed; ++i) others.emplace_back(dup(0));
  EXPECT_FALSE(Admit("uid:1"));
  now_ += ConnectionLimits::kSweepInterval - absl::Milliseconds(1);
  EXPECT_FALSE(Admit("uid:1"));
  now_ += absl::Milliseconds(1);
  EXPECT_TRUE(Admit("uid:1"));
}

TEST_F(ConnectionLimitsTest, ADescriptorThatIsNowSomethingElseIsNoConnection) {
  EXPECT_TRUE(Admit("uid:1"));
  const int other = NewFd();
  ASSERT_EQ(dup2(other, open_.front().get()), open_.front().get());
  EXPECT_EQ(limits_.open_connections(), 0u);
}

TEST_F(ConnectionLimitsTest, FewConnectionsOfPeersThatMayNotCallAreServed) {
  EXPECT_TRUE(Admit("uid:66", /*allowed=*/false));
  int caller = 100;
  EXPECT_EQ(CountUntilRefused([&] {
              return Admit(absl::StrCat("uid:", ++caller), /*allowed=*/false);
            }),
            ConnectionLimits::kMaxOpenNotAllowed - 1);
  EXPECT_EQ(Refused(ConnectionRefusal::kNotAllowed), 1u);
  EXPECT_TRUE(Admit("uid:1"));
  open_.pop_front();
  now_ += ConnectionLimits::kSweepInterval;
  EXPECT_TRUE(Admit("uid:66", /*allowed=*/false));
  EXPECT_FALSE(Admit("uid:66", /*allowed=*/false));
}

TEST_F(ConnectionLimitsTest, AnAddressHasABurstOfHandshakesAndThenItsRate) {
  auto connect = [&] {
    const bool admitted = AdmitTcp("192.0.2.1", /*tls=*/true);
    open_.clear();
    return admitted;
  };
  EXPECT_EQ(CountUntilRefused(connect), kMaxOfCaller);
  EXPECT_FALSE(connect());
  EXPECT_EQ(Refused(ConnectionRefusal::kHandshakeRate), 2u);
  now_ += absl::Seconds(5 / ConnectionLimits::kHandshakesOfAddress);
  EXPECT_EQ(CountUntilRefused(connect), 5);
  // Plaintext has no handshake.
  EXPECT_TRUE(AdmitTcp("192.0.2.1"));
}

TEST_F(ConnectionLimitsTest, AllAddressesShareARateThatOneCannotUseUp) {
  int address = 0;
  auto connect_anew = [&] {
    const bool admitted = AdmitTcp(absl::StrCat(++address), /*tls=*/true);
    open_.clear();
    return admitted;
  };
  auto connect_again = [&] {
    const bool admitted = AdmitTcp("192.0.2.1", /*tls=*/true);
    open_.clear();
    return admitted;
  };
  EXPECT_EQ(CountUntilRefused(connect_again), kMaxOfCaller);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(connect_again());
  EXPECT_EQ(CountUntilRefused(connect_anew), kMaxOfCaller);
  now_ += absl::Seconds(5 / ConnectionLimits::kHandshakes);
  EXPECT_EQ(CountUntilRefused(connect_anew), 5);
}

TEST_F(ConnectionLimitsTest, ACallerWithThreePointsGetsNoConnection) {
  for (const char* caller : {"uid:1", "192.0.2.1", "dns:broker.example"}) {
    limits_.Penalize(caller);
    limits_.Penalize(caller);
    EXPECT_FALSE(limits_.Penalized(caller));
    limits_.Penalize(caller);
    EXPECT_TRUE(limits_.Penalized(caller));
  }
  EXPECT_FALSE(limits_.Penalized("uid:2"));
  EXPECT_FALSE(Admit("uid:1"));
  EXPECT_FALSE(AdmitTcp("192.0.2.1", /*tls=*/true));
  EXPECT_EQ(Refused(ConnectionRefusal::kPenalty), 2u);
  EXPECT_TRUE(Admit("uid:2"));
  now_ += ConnectionLimits::kPointFades;
  EXPECT_FALSE(limits_.Penalized("dns:broker.example"));
  EXPECT_TRUE(Admit("uid:1"));
  EXPECT_TRUE(AdmitTcp("192.0.2.1", /*tls=*/true));
}

TEST_F(ConnectionLimitsTest, ClosingsNowAndThenAreNoMisuse) {
  for (int i = 0; i < 100; ++i) {
    limits_.Penalize("uid:1");
    EXPECT_FALSE(limits_.Penalized("uid:1"));
    now_ += ConnectionLimits::kPointFades;
  }
}

TEST_F(ConnectionLimitsTest, APenaltyEndsAMinuteAfterTheLastClosing) {
  for (int i = 0; i < 1000; ++i) limits_.Penalize("uid:1");
  now_ += absl::Seconds(50);
  EXPECT_TRUE(limits_.Penalized("uid:1"));
  now_ += absl::Seconds(10);
  EXPECT_FALSE(limits_.Penalized("uid:1"));
}

TEST_F(ConnectionLimitsTest, AFloodOfConnectionsIsOneLineInTheLog) {
  EXPECT_EQ(CountUntilRefused([&] { return Admit("uid:1"); }), kMaxOfCaller);
  now_ += absl::Minutes(1);
  const std::vector<std::string> lines = testing::LinesOf([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Admit("uid:1"));
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("uid:1"), std::string::npos);
  EXPECT_NE(lines[0].find("caller_limit"), std::string::npos);
}

// With the default limits, a broker of 100 processes with two connections each
// restarts, and 400 clients of 50 addresses connect to a new server at once.
TEST_F(ConnectionLimitsTest, HonestBurstsPass) {
  ConnectionLimits limits({}, record_, [this] { return now_; });
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(limits.AdmitUnix(NewFd(), "uid:1", true));
    }
    open_.clear();
    now_ += absl::Seconds(1);
  }
  for (int i = 0; i < 400; ++i) {
    EXPECT_TRUE(limits.AdmitTcp(NewFd(), absl::StrCat(i % 50), true));
  }
}

TEST_F(ConnectionLimitsTest, KeepsItsCountFromManyThreads) {
  std::array<std::vector<base::UniqueFd>, 4> admitted;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < admitted.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (limits_.AdmitUnix(fd.get(), absl::StrCat("uid:", t % 2), true)) {
          admitted[t].push_back(std::move(fd));
        }
        limits_.Penalize("uid:9");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t count = 0;
  for (const auto& fds : admitted) count += fds.size();
  EXPECT_EQ(count, size_t{2 * kMaxOfCaller});
  EXPECT_EQ(limits_.open_connections(), count);
}

}  // namespace
}  // namespace proofmint::service
