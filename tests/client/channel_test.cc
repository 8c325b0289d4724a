// Tests mutual TLS of the client's channel.

#include "signer/client/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "signer/base/clock.h"
#include "signer/service/net/tls_credentials.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::testing::StartsWith;

class ChannelTlsTest : public ::testing::Test {
 protected:
  ChannelTlsTest() {
    certificates_.Issue("client", {.alt_names = "DNS:first.example"});
    tls_ = service::TlsCredentials::Load(
               {.certificate = certificates_.Path("server.crt"),
                .key = certificates_.Path("server.key"),
                .client_ca = certificates_.Path("ca.crt")})
               .value();
    server_ = std::make_unique<CallerServer>(
        service::GrpcServerOptions{
            .listen = {service::TcpAddress{.host_port = "127.0.0.1:0",
                                           .loopback = true}},
            .tls = tls_.get(),
            .max_connection_age = absl::Milliseconds(100)},
        service::CallerPolicy{
            .allowed_sans = {"first.example", "second.example"}});
  }

  std::shared_ptr<grpc::Channel> Connect(const std::string& ca) {
    auto channel = NewChannel(server_->target(),
                              TlsFiles{.certificate = Path("client.crt"),
                                       .key = Path("client.key"),
                                       .ca = Path(ca)},
                              /*tls_refresh_interval=*/absl::Seconds(1));
    EXPECT_THAT(channel, IsOk());
    return *std::move(channel);
  }

  std::string Path(const std::string& name) const {
    return certificates_.Path(name);
  }

  Certificates certificates_;
  std::unique_ptr<service::TlsCredentials> tls_;
  std::unique_ptr<CallerServer> server_;
};

TEST_F(ChannelTlsTest, AuthenticatesBothSides) {
  EXPECT_EQ(AskWhoIAm(Connect("ca.crt")), "allowed dns:first.example");
}

TEST_F(ChannelTlsTest, DoesNotTalkToAServerOfAnotherAuthority) {
  certificates_.MakeAuthority("other");
  auto channel = Connect("other.crt");
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  v1::GetCapabilitiesResponse response;
  EXPECT_EQ(v1::ProofSigner::NewStub(channel)
                ->GetCapabilities(&context, {}, &response)
                .error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ChannelTlsTest, NewConnectionsUseARenewedCertificate) {
  auto channel = Connect("ca.crt");
  ASSERT_EQ(AskWhoIAm(channel), "allowed dns:first.example");
  certificates_.Issue("client", {.alt_names = "DNS:second.example"});
  const absl::Duration end = base::MonotonicNow() + kRpcLimit;
  std::string identity;
  do {
    identity = AskWhoIAm(channel);
    ASSERT_THAT(identity, StartsWith("allowed "));
  } while (identity != "allowed dns:second.example" &&
           base::MonotonicNow() < end);
  EXPECT_EQ(identity, "allowed dns:second.example");
}

}  // namespace
}  // namespace proofmint::client
