#include "signer/service/net/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "signer/service/contract/limits.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ListenAddressTest, ReadsUnixPaths) {
  for (const std::string& path :
       {std::string("/run/proofmint/proofmintd.sock"), std::string("relative"),
        std::string("/with:colon"), std::string("/"), std::string(107, 'x')}) {
    absl::StatusOr<ListenAddress> address = ParseListenAddress("unix:" + path);
    ASSERT_THAT(address, IsOk());
    ASSERT_TRUE(std::holds_alternative<UnixAddress>(*address));
    EXPECT_EQ(std::get<UnixAddress>(*address).path, path);
  }
}

TEST(ListenAddressTest, RefusesUnixPathsThatNoSocketCanHave) {
  EXPECT_THAT(ParseListenAddress("unix:"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "listen: got a socket path of 0 bytes, want 1 to 107"));
  EXPECT_THAT(
      ParseListenAddress("unix:" + std::string(108, 'x')),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "listen: got a socket path of 108 bytes, want 1 to 107"));
}

TEST(ListenAddressTest, ReadsTcpAddressesAndSeesWhichAreLoopback) {
  struct {
    const char* text;
    const char* host_port;
    bool loopback;
  } const kCases[] = {{"127.0.0.1:0", "127.0.0.1:0", true},
                      {"127.0.0.1:1", "127.0.0.1:1", true},
                      {"127.0.0.1:00080", "127.0.0.1:80", true},
                      {"127.255.255.254:65535", "127.255.255.254:65535", true},
                      {"[::1]:8080", "[::1]:8080", true},
                      {"[0:0:0:0:0:0:0:1]:1", "[0:0:0:0:0:0:0:1]:1", true},
                      {"0.0.0.0:1", "0.0.0.0:1", false},
                      {"[::]:1", "[::]:1", false},
                      {"10.0.0.1:1", "10.0.0.1:1", false},
                      {"128.0.0.1:1", "128.0.0.1:1", false},
                      {"126.0.0.1:1", "126.0.0.1:1", false},
                      {"192.0.2.7:443", "192.0.2.7:443", false},
                      {"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", false},
                      {"[::2]:1", "[::2]:1", false},
                      {"[2001:db8::1]:1", "[2001:db8::1]:1", false}};
  for (const auto& [text, host_port, loopback] : kCases) {
    absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
    ASSERT_THAT(address, IsOk()) << text;
    ASSERT_TRUE(std::holds_alternative<TcpAddress>(*address));
    EXPECT_EQ(std::get<TcpAddress>(*address).host_port, host_port);
    EXPECT_EQ(std::get<TcpAddress>(*address).loopback, loopback) << text;
  }
}

TEST(ListenAddressTest, ReadsThatSystemdHasTheSockets) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress("systemd");
  ASSERT_THAT(address, IsOk());
  EXPECT_TRUE(std::holds_alternative<SystemdSockets>(*address));
  for (const char* text : {"systemd:", "systemd:0", "Systemd", "fd:3"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

TEST(ListenAddressTest, RefusesHostsThatAreNoNumericAddress) {
  // A name may resolve to anything, and differently tomorrow.
  for (const char* text :
       {"localhost:1", ":1", "127.1:1", "127.0.0.1.:1", " 127.0.0.1:1",
        "127.0.0.01:1", "0x7f.0.0.1:1", "2130706433:1", "::1:1", "[::1:1",
        "::1]:1", "[]:1", "[127.0.0.1]:1", "[::1%lo]:1", "127.0.0.1:80:1",
        "dns:127.0.0.1:1", "idp.example:443"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

TEST(ListenAddressTest, RefusesPortsThatAreNoNumberInRange) {
  for (const char* text :
       {"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
        "127.0.0.1:99999999999", "127.0.0.1:1x", "127.0.0.1:0x10",
        "[::1]:", "[::1]"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

TEST(ListenAddressTest, RefusesTextThatIsNoAddress) {
  for (const char* text :
       {"", "127.0.0.1", "8080", "/run/proofmint.sock", "UNIX:/x"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

TEST(ListenAddressTest, ReadsItsOwnDefault) {
  EXPECT_THAT(ParseListenAddress(kDefaultAddress), IsOk());
}

TEST(ListenAddressTest, ReadsLoopbackAddressesAloneForAFlag) {
  absl::StatusOr<LoopbackAddress> address =
      ParseLoopbackAddress("metrics_listen", "127.0.0.1:9464");
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->host_port, "127.0.0.1:9464");
  for (const char* text :
       {"unix:/s", "systemd", "0.0.0.0:1", "[::]:1", "[::ffff:127.0.0.1]:1",
        "192.0.2.7:1", "9464", "127.0.0.1:x", ""}) {
    EXPECT_THAT(
        ParseLoopbackAddress("metrics_listen", text),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 ::testing::AllOf(::testing::StartsWith("metrics_listen: got "),
                                  HasSubstr(text))));
  }
}

}  // namespace
}  // namespace proofmint::service
