// Tests which callers TLS admits.

#include <gmock/gmock.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "tests/service/server/mtls_fixture.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Send;
using ::testing::AnyOf;
using ::testing::StartsWith;

TEST_F(MtlsTest, ACallerIsTheNameThatIsAllowed) {
  Serve({"spiffe://td/broker", "spiffe://td/fleet/*", "Broker.example",
         "https://host/x"});
  EXPECT_EQ(AskAs("URI:spiffe://td/broker"), "allowed spiffe://td/broker");
  EXPECT_EQ(AskAs("URI:spiffe://td/fleet/7"), "allowed spiffe://td/fleet/7");
  EXPECT_EQ(AskAs("DNS:broker.EXAMPLE"), "allowed dns:broker.example");
  EXPECT_EQ(AskAs("URI:https://host/x"), "allowed https://host/x");
  EXPECT_EQ(AskAs("DNS:other.example,DNS:broker.example,IP:127.0.0.1"),
            "allowed dns:broker.example");
  EXPECT_EQ(AskAs("DNS:broker.example,URI:spiffe://x/y,URI:spiffe://td/broker"),
            "allowed spiffe://td/broker");
}

TEST_F(MtlsTest, AnyOtherNameIsAStranger) {
  Serve({"spiffe://td/broker", "spiffe://td/fleet/*", "broker.example"});
  ExpectRefusals({{"URI:spiffe://td/brokers", "spiffe://td/brokers"},
                  {"URI:spiffe://td/fleet", "spiffe://td/fleet"},
                  {"URI:spiffe://td/fleet/../x", "spiffe://td/fleet/../x"},
                  {"DNS:a.broker.example", "dns:a.broker.example"},
                  {"DNS:*.example", "dns:*.example"}});
}

TEST_F(MtlsTest, ANameOfAnotherKindIsAStranger) {
  Serve({"spiffe://td/broker", "spiffe://td/fleet/*", "broker.example"});
  ExpectRefusals({{"DNS:spiffe://td/broker", "dns:spiffe://td/broker"},
                  {"DNS:spiffe://td/fleet/7", "dns:spiffe://td/fleet/7"},
                  {"URI:broker.example", "uri:broker.example"},
                  {"URI:uid:0", "uri:uid:0"},
                  {"email:x@broker.example", "unknown"}});
  certificates_.Issue("broker.example", {});  // Its CN, which is no SAN.
  EXPECT_EQ(AskWhoIAm(Connect("broker.example")), kRefusedByTls);
}

TEST_F(MtlsTest, RefusesACallerWithAPenalty) {
  Serve();
  server_->Penalize("dns:client.example");
  EXPECT_EQ(AskWhoIAm(Connect("client")), kRefusedByTls);
  EXPECT_GE(server_->record().refused(ConnectionRefusal::kPenalty), 1u);
}

TEST_F(MtlsTest, RefusesACertificateThatHasExpiredInAResumedSession) {
  Serve();
  grpc_ssl_session_cache* const cache =
      grpc_ssl_session_cache_create_lru(/*capacity=*/4);
  const grpc_arg argument = grpc_ssl_session_cache_create_channel_arg(cache);
  grpc::ChannelArguments arguments;
  arguments.SetPointerWithVtable(argument.key, argument.value.pointer.p,
                                 argument.value.pointer.vtable);
  EXPECT_EQ(AskWhoIAm(ConnectTo(server_->target(), "client", arguments)),
            "allowed dns:client.example");
  EXPECT_EQ(AskWhoIAm(ConnectTo(server_->target(), "client", arguments)),
            "allowed dns:client.example");
  hours_ = 24 * 3;
  EXPECT_EQ(AskWhoIAm(ConnectTo(server_->target(), "client", arguments)),
            kRefusedByTls);
  EXPECT_GE(server_->record().refused(ConnectionRefusal::kCertificateExpired),
            1u);
  hours_ = -24;
  EXPECT_EQ(AskWhoIAm(Connect("client")), kRefusedByTls);
  grpc_ssl_session_cache_destroy(cache);
}

TEST_F(MtlsTest, RefusesPeersWithoutAGoodCertificate) {
  Serve();
  certificates_.MakeAuthority("foreign");
  certificates_.Issue("foreign client", {.alt_names = "DNS:client.example",
                                         .authority = "foreign"});
  certificates_.Issue("expired client",
                      {.alt_names = "DNS:client.example", .days = -1});
  EXPECT_EQ(AskWhoIAm(Connect("client")), "allowed dns:client.example");
  EXPECT_EQ(AskWhoIAm(Connect("")), kRefusedByTls);
  EXPECT_EQ(AskWhoIAm(Connect("foreign client")), kRefusedByTls);
  EXPECT_EQ(AskWhoIAm(Connect("expired client")), kRefusedByTls);
  EXPECT_EQ(AskWhoIAm(NewChannel(server_->target())), kRefusedByTls);
}

// Returns the ClientHello of a client that supports nothing later than TLS 1.1.
std::string Tls11ClientHello() {
  const std::string body = std::string("\x03\x02", 2) +      // version
                           std::string(32, 'r') +            // random
                           std::string("\0", 1) +            // no session
                           std::string("\0\2\xc0\x09", 4) +  // one suite
                           std::string("\1\0", 2);           // no compression
  const auto size = static_cast<char>(body.size());
  return std::string("\x16\x03\x01\0", 4) + static_cast<char>(size + 4) +
         std::string("\1\0\0", 3) + size + body;
}

TEST_F(MtlsTest, HandshakesThatFailAreCounted) {
  gpr_set_log_function([](gpr_log_func_args* entry) {
    CountTlsHandshakeFailure(entry->message);
  });
  Serve();
  uint64_t before = TlsHandshakeFailures();
  // Client and server are in this process, and each may count a failure.
  auto wait = [&] {
    const absl::Time deadline = absl::Now() + kRpcLimit;
    while (TlsHandshakeFailures() == before && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    EXPECT_GT(TlsHandshakeFailures(), before);
  };
  for (const std::string& bytes :
       {std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Tls11ClientHello(),
        std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}) {
    before = TlsHandshakeFailures();
    base::UniqueFd client = ConnectTcp(server_->target());
    Send(client, bytes);
    std::string received;
    EXPECT_TRUE(ReadUntilClosed(client, kRpcLimit, received));
    EXPECT_THAT(received, AnyOf("", StartsWith("\x15")));  // TLS's alert
    wait();
    EXPECT_EQ(TlsHandshakeFailures(), before + 1);
  }
  certificates_.MakeAuthority("foreign");
  certificates_.Issue("stranger", {.authority = "foreign"});
  for (const char* name : {"", "stranger"}) {
    before = TlsHandshakeFailures();
    EXPECT_EQ(AskWhoIAm(Connect(name)), kRefusedByTls);
    wait();
  }
  before = TlsHandshakeFailures();
  ConnectTcp(server_->target());  // As a probe of the port would.
  EXPECT_EQ(AskWhoIAm(Connect("client")), "allowed dns:client.example");
  EXPECT_EQ(TlsHandshakeFailures(), before);
  gpr_set_log_function(nullptr);
}

}  // namespace
}  // namespace proofmint::service
