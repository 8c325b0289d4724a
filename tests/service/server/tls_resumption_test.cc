// Tests that no TLS session is resumed: the server verifies the client's
// certificate at each connection. The client is OpenSSL's, since gRPC's keeps
// sessions on request alone.

#include "signer/service/net/tls_resumption.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "signer/base/unique_fd.h"
#include "signer/service/net/tls_credentials.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::ConnectTcp;

using Session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

struct Client {
  int version;
  bool tickets;  // whether it offers to take tickets, or session ids alone
};

class TlsResumptionTest : public ::testing::TestWithParam<Client> {
 protected:
  TlsResumptionTest() {
    certificates_.Issue("client", {.alt_names = "DNS:client.example"});
    SSL_CTX_set_min_proto_version(context_.get(), GetParam().version);
    SSL_CTX_set_max_proto_version(context_.get(), GetParam().version);
    const std::string certificate = certificates_.Path("client.crt");
    const std::string key = certificates_.Path("client.key");
    SSL_CTX_use_certificate_file(context_.get(), certificate.c_str(),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM);
  }

  // Connects, offers to resume `session` unless it is null, and reads what the
  // server sends first, with which tickets come. Returns the session, and sets
  // `resumed`.
  Session Connect(SSL_SESSION* session, bool& resumed) {
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()),
                                                  SSL_free);
    const base::UniqueFd connection = ConnectTcp(server_.target());
    const timeval limit = {.tv_sec = 10};
    setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit,
               sizeof(limit));
    // The process does without; a client elsewhere does not.
    if (GetParam().tickets) SSL_clear_options(ssl.get(), SSL_OP_NO_TICKET);
    const unsigned char protocols[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl.get(), protocols, sizeof(protocols));
    SSL_set_fd(ssl.get(), connection.get());
    if (session != nullptr) SSL_set_session(ssl.get(), session);
    EXPECT_EQ(SSL_connect(ssl.get()), 1);
    char byte;
    EXPECT_EQ(SSL_read(ssl.get(), &byte, 1), 1) << "not served";
    resumed = SSL_session_reused(ssl.get()) == 1;
    SSL_shutdown(ssl.get());  // Without it OpenSSL gives the session up.
    return Session(SSL_get1_session(ssl.get()), SSL_SESSION_free);
  }

  Certificates certificates_;
  std::unique_ptr<TlsCredentials> tls_ =
      *TlsCredentials::Load({.certificate = certificates_.Path("server.crt"),
                             .key = certificates_.Path("server.key"),
                             .client_ca = certificates_.Path("ca.crt")});
  CallerServer server_{
      GrpcServerOptions{
          .listen = {TcpAddress{.host_port = "127.0.0.1:0", .loopback = true}},
          .tls = tls_.get()},
      CallerPolicy{.allowed_sans = {"client.example"}}};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{
      SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
};

INSTANTIATE_TEST_SUITE_P(
    , TlsResumptionTest,
    ::testing::Values(Client{TLS1_2_VERSION, true},
                      Client{TLS1_2_VERSION, false},
                      Client{TLS1_3_VERSION, true}),
    [](const auto& info) {
      return std::string(info.param.version == TLS1_2_VERSION ? "Tls12"
                                                              : "Tls13") +
             (info.param.tickets ? "Tickets" : "SessionIds");
    });

TEST_P(TlsResumptionTest, EveryConnectionHasAHandshakeOfItsOwn) {
  bool resumed = true;
  const Session session = Connect(nullptr, resumed);
  EXPECT_FALSE(resumed);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0);
  Connect(session.get(), resumed);
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace proofmint::service
