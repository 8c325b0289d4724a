#include "signer/service/server/grpc_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "signer/service/contract/limits.h"
#include "tests/service/testing/accepted_connections.h"
#include "tests/service/testing/caller_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::NoDescriptors;
using ::proofmint::testing::Send;
using ::proofmint::testing::Serves;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

TEST(GrpcServerTest, WantsAFlagForPlaintext) {
  EXPECT_THAT(
      GrpcServer::Start({.listen = {LoopbackTcp("127.0.0.1:0")}}, {}, nullptr),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "listen: got 127.0.0.1:0, want --allow_insecure_loopback for "
               "plaintext, or --tls_certificate, --tls_key and "
               "--tls_client_ca"));
}

TEST(GrpcServerTest, WantsTlsBeyondLoopbackWhateverTheFlag) {
  EXPECT_THAT(
      GrpcServer::Start({.listen = {TcpAddress{.host_port = "0.0.0.0:0"}},
                         .allow_insecure_loopback = true},
                        {}, nullptr),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "listen: got 0.0.0.0:0, want --tls_certificate, --tls_key and "
               "--tls_client_ca"));
}

TEST(GrpcServerTest, WantsToKnowWhoMayCallOverTls) {
  Certificates certificates;
  auto tls =
      TlsCredentials::Load({.certificate = certificates.Path("server.crt"),
                            .key = certificates.Path("server.key"),
                            .client_ca = certificates.Path("ca.crt")});
  ASSERT_THAT(tls, IsOk());
  Callers no_names{CallerPolicy{}};
  Callers invalid{CallerPolicy{.allowed_sans = {"*"}}};
  for (Callers* callers :
       {static_cast<Callers*>(nullptr), &no_names, &invalid}) {
    EXPECT_THAT(
        GrpcServer::Start({.listen = {TcpAddress{.host_port = "0.0.0.0:0"}},
                           .tls = tls->get(),
                           .callers = callers},
                          {}, nullptr),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "allowed_sans: empty, but 0.0.0.0:0 is served with TLS, which "
                 "needs the names of its callers"));
  }
}

TEST(GrpcServerTest, WantsSocketsWhereSystemdPassesThem) {
  EXPECT_THAT(GrpcServer::Start({.listen = {SystemdSockets{}}}, {}, nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("listen: systemd passed no socket")));
}

// Expects a second server to serve at the address of the first, whose open
// connections stay.
void ExpectRoomForASuccessor(CallerServer& first, GrpcServerOptions options) {
  auto old = NewChannel(first.target());
  EXPECT_THAT(AskWhoIAm(old), HasSubstr("allowed"));
  first.server().StopListening();
  EXPECT_THAT(AskWhoIAm(NewChannel(first.target())), HasSubstr("failed"));
  CallerServer second(std::move(options), {});
  EXPECT_EQ(second.target(), first.target());
  EXPECT_THAT(AskWhoIAm(NewChannel(second.target())), HasSubstr("allowed"));
  EXPECT_THAT(AskWhoIAm(old), HasSubstr("allowed"));
  first.server().Stop(absl::ZeroDuration());
  EXPECT_THAT(AskWhoIAm(NewChannel(second.target())), HasSubstr("allowed"));
}

TEST(GrpcServerTest, StopListeningMakesRoomForASuccessor) {
  TempDir directory;
  const GrpcServerOptions options = {.listen = {UnixAddress{directory / "s"}}};
  CallerServer first(options, {});
  ExpectRoomForASuccessor(first, options);
}

TEST(GrpcServerTest, StopListeningGivesUpPorts) {
  GrpcServerOptions options = {.listen = {LoopbackTcp("127.0.0.1:0")},
                               .allow_insecure_loopback = true};
  CallerServer first(options, {});
  options.listen = {LoopbackTcp(first.target())};
  ExpectRoomForASuccessor(first, options);
}

TEST(GrpcServerTest, APortThatIsInUseIsNamed) {
  const GrpcServerOptions any_port = {.listen = {LoopbackTcp("127.0.0.1:0")},
                                      .allow_insecure_loopback = true};
  CallerServer first(any_port, {});
  EXPECT_THAT(
      GrpcServer::Start({.listen = {LoopbackTcp(first.target())},
                         .allow_insecure_loopback = true},
                        {}, nullptr),
      StatusIs(absl::StatusCode::kAlreadyExists,
               absl::StrCat("listen: got ", first.target(),
                            ", which cannot be bound, want a free port of "
                            "this host")));
}

TEST(GrpcServerTest, ServesIpv6Loopback) {
  base::UniqueFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(probe.get(), reinterpret_cast<sockaddr*>(&address),
           sizeof(address)) != 0) {
    GTEST_SKIP() << "no IPv6 here";
  }
  CallerServer server(
      {.listen = {LoopbackTcp("[::1]:0")}, .allow_insecure_loopback = true},
      {});
  EXPECT_EQ(AskWhoIAm(NewChannel(server.target())), "allowed loopback");
}

TEST(GrpcServerTest, ServesEveryKindOfAddressAgainAfterDescriptorsRanOut) {
  TempDir directory;
  CallerServer server(
      {.listen = {UnixAddress{directory / "s"}, LoopbackTcp("127.0.0.1:0")},
       .allow_insecure_loopback = true},
      {});
  const std::string tcp_target = server.server().addresses()[1];
  auto before = NewChannel(tcp_target);
  EXPECT_EQ(AskWhoIAm(before), "allowed loopback");
  base::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(
      std::stoi(tcp_target.substr(tcp_target.rfind(':') + 1))));
  {
    NoDescriptors none;
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0);
    Send(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    EXPECT_FALSE(WaitReadable(client, absl::Milliseconds(150)));
    EXPECT_EQ(AskWhoIAm(before), "allowed loopback");
  }
  EXPECT_TRUE(WaitReadable(client, kRpcLimit));
  EXPECT_EQ(AskWhoIAm(NewChannel(tcp_target)), "allowed loopback");
  EXPECT_THAT(AskWhoIAm(NewChannel(server.target())), HasSubstr("allowed uid"));
}

TEST(GrpcServerTest, UnixConnectionsDoNotEndWhenTheyAreOld) {
  TempDir directory;
  CallerServer server({.listen = {UnixAddress{directory / "s"}},
                       .max_connection_age = absl::Milliseconds(1)},
                      {});
  auto channel = NewChannel(server.target());
  EXPECT_THAT(AskWhoIAm(channel), HasSubstr("allowed"));
  EXPECT_FALSE(channel->WaitForStateChange(
      GRPC_CHANNEL_READY,
      absl::ToChronoTime(absl::Now() + absl::Milliseconds(100))));
}

TEST(GrpcServerTest, TellsClientsHowManyCallsMayBeInFlight) {
  TestServer server;
  base::UniqueFd client = ConnectUnix(server.unix_path());
  ASSERT_TRUE(client.valid());
  Send(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  Send(client, absl::string_view("\0\0\0\4\0\0\0\0\0", 9));
  // SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 section 6.5.2) is 256.
  const std::string want("\0\3\0\0\1\0", 6);
  std::string received;
  while (received.find(want) == std::string::npos) {
    ASSERT_TRUE(WaitReadable(client, kRpcLimit)) << received.size();
    char buffer[4096];
    const ssize_t got = recv(client.get(), buffer, sizeof(buffer), 0);
    ASSERT_GT(got, 0);
    received.append(buffer, static_cast<size_t>(got));
  }
}

// Returns the largest request that can be valid.
v1::SignProofRequest LargestRequest() {
  v1::SignProofRequest request;
  request.set_algorithm(v1::ALGORITHM_EDDSA);
  request.set_htm(std::string(32, 'M'));
  request.set_htu("https://idp.example/" + std::string(2048 - 20, 'p'));
  request.set_nonce(std::string(1536, 'n'));
  request.set_access_token_sha256(std::string(32, 'h'));
  request.mutable_iat_offset()->set_seconds(-300);
  return request;
}

TEST(GrpcServerTest, TheLargestBatchFits) {
  TestServer server;
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < kMaxBatchSize; ++i) {
    *batch.add_requests() = LargestRequest();
  }
  v1::BatchSignProofsResponse response;
  grpc::Status status =
      server.NewStub()->BatchSignProofs(NewContext().get(), batch, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), kMaxBatchSize);
  for (const v1::SignProofResult& result : response.results()) {
    EXPECT_TRUE(result.has_proof()) << result.error().message();
  }
}

TEST(GrpcServerTest, AMessageThatIsLargerIsRefused) {
  TestServer server;
  v1::SignProofRequest request = LargestRequest();
  v1::SignProofResponse response;
  request.set_nonce(std::string(kMaxMessageSize, 'n'));
  EXPECT_EQ(server.NewStub()
                ->SignProof(NewContext().get(), request, &response)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  request.set_nonce(std::string(kMaxMessageSize - 4096, 'n'));
  EXPECT_EQ(server.NewStub()
                ->SignProof(NewContext().get(), request, &response)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Serves(server.unix_target()));
}

}  // namespace
}  // namespace proofmint::service
