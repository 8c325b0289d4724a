#include "signer/service/net/tls_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/base/unique_fd.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::Send;
using ::proofmint::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

class TlsProbeTest : public ::testing::Test {
 protected:
  TlsProbeTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_ = base::UniqueFd(ends[0]);
    server_ = base::UniqueFd(ends[1]);
  }

  absl::Status Probe(absl::Duration limit = absl::Seconds(10)) const {
    return ExpectServerHello(client_, limit);
  }

  base::UniqueFd client_;
  base::UniqueFd server_;
};

TEST_F(TlsProbeTest, AHandshakeMessageIsAnAnswer) {
  Send(server_, std::string("\x16\x03\x03\x00\x01", 5));
  EXPECT_THAT(Probe(), IsOk());
  char first = 0;  // of a record with a handshake message
  ASSERT_EQ(recv(server_.get(), &first, 1, 0), 1);
  EXPECT_EQ(first, '\x16');
}

TEST_F(TlsProbeTest, AnAlertIsNone) {
  Send(server_, std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
  EXPECT_THAT(Probe(), StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("ends the handshake")));
}

TEST_F(TlsProbeTest, AServerThatEndsTheConnectionGivesNone) {
  shutdown(server_.get(), SHUT_WR);
  EXPECT_THAT(Probe(), StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("ends the handshake")));
  server_ = base::UniqueFd();
  EXPECT_THAT(Probe(), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(TlsProbeTest, AServerThatIsSilentGivesNone) {
  EXPECT_THAT(
      Probe(absl::Milliseconds(1)),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("within 1ms")));
}

}  // namespace
}  // namespace proofmint::service
