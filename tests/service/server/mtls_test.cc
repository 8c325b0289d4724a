// Tests which callers TLS admits, and how its files are reloaded.

#include <gmock/gmock.h>
#include <grpc/grpc_security.h>
#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/net/tls_credentials.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/bad_tls_files.h"
#include "tests/testing/certificates.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AllBadTlsFiles;
using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::BadTlsFiles;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Send;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kRefusedByTls =
    absl::StrCat("failed ", grpc::StatusCode::UNAVAILABLE);

class MtlsTest : public ::testing::Test {
 protected:
  MtlsTest() {
    certificates_.Issue("client", {.alt_names = "DNS:client.example"});
    certificates_.Write("client_ca.crt", certificates_.Read("ca.crt"));
    auto tls = TlsCredentials::Load(
        {.certificate = certificates_.Path("server.crt"),
         .key = certificates_.Path("server.key"),
         .client_ca = certificates_.Path("client_ca.crt")});
    EXPECT_TRUE(tls.ok()) << tls.status();
    tls_ = *std::move(tls);
  }

  void Serve(std::vector<std::string> allowed_sans = {"client.example"},
             absl::Duration max_connection_age = absl::Minutes(10)) {
    server_ = std::make_unique<CallerServer>(
        GrpcServerOptions{.listen = {TcpAddress{.host_port = "127.0.0.1:0",
                                                .loopback = true}},
                          .tls = tls_.get(),
                          .max_connection_age = max_connection_age},
        CallerPolicy{.allowed_sans = std::move(allowed_sans)},
        [this] { return absl::Now() + absl::Hours(hours_.load()); });
  }

  // Returns a new connection with the certificate `name`, or without one if
  // `name` is empty.
  std::shared_ptr<grpc::Channel> ConnectTo(
      const std::string& address, const std::string& name,
      grpc::ChannelArguments arguments = {}) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = certificates_.Read("ca.crt");
    if (!name.empty()) {
      options.pem_private_key = certificates_.Read(name + ".key");
      options.pem_cert_chain = certificates_.Read(name + ".crt");
    }
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::SslCredentials(options),
                                     arguments);
  }

  std::shared_ptr<grpc::Channel> Connect(const std::string& name) const {
    return ConnectTo(server_->target(), name);
  }

  // Issues a certificate with `alt_names` and calls with it.
  std::string AskAs(const std::string& alt_names) {
    certificates_.Issue("caller", {.alt_names = alt_names});
    return AskWhoIAm(Connect("caller"));
  }

  // Expects that a certificate with each of the names is refused in the
  // handshake, and that the log line says which caller it was.
  void ExpectRefusals(
      const std::vector<std::pair<std::string, std::string>>& names) {
    for (const auto& [alt_names, caller] : names) {
      SCOPED_TRACE(alt_names);
      const uint64_t before =
          server_->record().refused(ConnectionRefusal::kNotAllowed);
      ::testing::internal::CaptureStderr();
      const std::string answer = AskAs(alt_names);
      const std::string log = ::testing::internal::GetCapturedStderr();
      EXPECT_EQ(answer, kRefusedByTls);
      EXPECT_GT(server_->record().refused(ConnectionRefusal::kNotAllowed),
                before);
      EXPECT_THAT(log,
                  HasSubstr(absl::StrCat(R"("reason":"not_allowed","caller":")",
                                         caller, "\"")));
    }
  }

  // Replaces a file of the server atomically.
  void Replace(const std::string& name, const std::string& text) const {
    certificates_.Write("new", text);
    std::filesystem::rename(certificates_.Path("new"),
                            certificates_.Path(name));
  }

  // Returns the certificate that the server presents on `channel`.
  static std::string ServerCertificate(
      const std::shared_ptr<grpc::Channel>& channel) {
    auto context = NewContext();
    v1::GetCapabilitiesResponse response;
    grpc::Status status = v1::ProofSigner::NewStub(channel)->GetCapabilities(
        context.get(), {}, &response);
    if (!status.ok()) return status.error_message();
    const auto certificates = context->auth_context()->FindPropertyValues(
        GRPC_X509_PEM_CERT_PROPERTY_NAME);
    return certificates.size() == 1
               ? std::string(certificates[0].data(), certificates[0].size())
               : "";
  }

  // How far the clock is ahead by which the server judges certificates.
  std::atomic<int> hours_ = 0;
  Certificates certificates_;
  std::unique_ptr<TlsCredentials> tls_;
  std::unique_ptr<CallerServer> server_;
};

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

TEST_F(MtlsTest, ANewCertificateIsForNewConnections) {
  Serve();
  auto old = Connect("client");
  const std::string before = certificates_.Read("server.crt");
  EXPECT_EQ(ServerCertificate(old), before);
  certificates_.Issue("server", {});
  const std::string after = certificates_.Read("server.crt");
  ASSERT_NE(before, after);
  EXPECT_EQ(tls_->reloader().reloads(), 0u);
  EXPECT_EQ(ServerCertificate(Connect("client")), after);
  EXPECT_EQ(ServerCertificate(old), before);
  EXPECT_EQ(tls_->reloader().reloads(), 1u);
  EXPECT_EQ(tls_->reloader().errors(), 0u);
}

TEST_F(MtlsTest, FilesThatDoNotFitChangeNothingUntilTheyDo) {
  Serve();
  const std::string before = certificates_.Read("server.crt");
  certificates_.Issue("next", {});
  const std::string after = certificates_.Read("next.crt");
  uint64_t failed = 0;
  for (const std::string& text : {after.substr(0, 400), std::string(), after}) {
    Replace("server.crt", text);
    ++failed;
    for (int attempt = 0; attempt < 2; ++attempt) {
      EXPECT_EQ(ServerCertificate(Connect("client")), before);
      EXPECT_EQ(tls_->reloader().errors(), failed);
    }
  }
  Replace("server.key", certificates_.Read("next.key"));
  EXPECT_EQ(ServerCertificate(Connect("client")), after);
  EXPECT_EQ(tls_->reloader().errors(), failed);
  EXPECT_EQ(tls_->reloader().reloads(), 1u);

  std::filesystem::remove(certificates_.Path("server.key"));
  EXPECT_EQ(ServerCertificate(Connect("client")), after);
  EXPECT_EQ(tls_->reloader().errors(), failed + 1);
}

TEST_F(MtlsTest, ANewAuthorityIsForNewConnections) {
  Serve();
  certificates_.MakeAuthority("next");
  certificates_.Issue("next client",
                      {.alt_names = "DNS:client.example", .authority = "next"});
  auto old = Connect("client");
  EXPECT_EQ(AskWhoIAm(old), "allowed dns:client.example");
  EXPECT_EQ(AskWhoIAm(Connect("next client")), kRefusedByTls);
  Replace("client_ca.crt", certificates_.Read("next.crt"));
  EXPECT_EQ(AskWhoIAm(Connect("next client")), "allowed dns:client.example");
  EXPECT_EQ(AskWhoIAm(Connect("client")), kRefusedByTls);
  EXPECT_EQ(AskWhoIAm(old), "allowed dns:client.example");
}

TEST_F(MtlsTest, EveryPortHasTheCertificateOfToday) {
  const TcpAddress any_port = {.host_port = "127.0.0.1:0", .loopback = true};
  server_ = std::make_unique<CallerServer>(
      GrpcServerOptions{.listen = {any_port, any_port}, .tls = tls_.get()},
      CallerPolicy{.allowed_sans = {"client.example"}});
  for (int round = 0; round < 2; ++round) {
    const std::string want = certificates_.Read("server.crt");
    for (const std::string& address : server_->server().addresses()) {
      EXPECT_EQ(ServerCertificate(ConnectTo(address, "client")), want);
    }
    certificates_.Issue("server", {});
  }
}

TEST_F(MtlsTest, NoHandshakeFailsWhileFilesChange) {
  Serve();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const char* name : {"one", "two"}) {
    certificates_.Issue(name, {});
    pairs.emplace_back(certificates_.Read(absl::StrCat(name, ".crt")),
                       certificates_.Read(absl::StrCat(name, ".key")));
  }
  std::atomic<bool> done = false;
  std::thread changes([&] {
    for (size_t i = 0; !done; ++i) {
      Replace("server.crt", pairs[i % 2].first);
      Replace("server.key", pairs[i % 2].second);
    }
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (int call = 0; call < 20; ++call) {
        EXPECT_EQ(AskWhoIAm(Connect("client")), "allowed dns:client.example");
      }
    });
  }
  for (std::thread& client : clients) client.join();
  done = true;
  changes.join();
}

TEST_F(MtlsTest, AScrapeSeesNewFilesWithoutAHandshake) {
  const absl::Time before = tls_->not_after();
  certificates_.Issue("server", {.days = 30});
  tls_->reloader().Run();
  EXPECT_GT(tls_->not_after(), before + absl::Hours(24 * 27));
  EXPECT_EQ(tls_->reloader().reloads(), 1u);
  Replace("server.crt", "");
  tls_->reloader().Run();
  tls_->reloader().Run();
  EXPECT_EQ(tls_->reloader().reloads(), 1u);
  EXPECT_EQ(tls_->reloader().errors(), 1u);
}

TEST_F(MtlsTest, ConnectionsEndWhenTheyAreOld) {
  Serve({"client.example"}, absl::Milliseconds(50));
  auto channel = Connect("client");
  EXPECT_EQ(AskWhoIAm(channel), "allowed dns:client.example");
  EXPECT_TRUE(channel->WaitForStateChange(
      GRPC_CHANNEL_READY, absl::ToChronoTime(absl::Now() + kRpcLimit)));
  EXPECT_EQ(AskWhoIAm(channel), "allowed dns:client.example");
}

class MtlsReloadTest : public MtlsTest,
                       public ::testing::WithParamInterface<BadTlsFiles> {};

INSTANTIATE_TEST_SUITE_P(, MtlsReloadTest,
                         ::testing::ValuesIn(AllBadTlsFiles()),
                         [](const auto& info) { return info.param.name; });

TEST_P(MtlsReloadTest, BadFilesChangeNeitherTheCertificateNorWhatIsSaidOfIt) {
  Serve();
  const std::string certificate = certificates_.Read("server.crt");
  const absl::Time not_after = tls_->not_after();
  EXPECT_EQ(ServerCertificate(Connect("client")), certificate);
  GetParam().make(certificates_);
  ::testing::internal::CaptureStderr();
  Replace("server.key", certificates_.Read("bad.key"));
  Replace("client_ca.crt", certificates_.Read("bad_ca.crt"));
  Replace("server.crt", certificates_.Read("bad.crt"));
  EXPECT_EQ(ServerCertificate(Connect("client")), certificate);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ContainsRegex(absl::StrCat("not reloaded; the old contents stay "
                                         "in use.*",
                                         GetParam().flag)));
  EXPECT_EQ(tls_->not_after(), not_after);
  EXPECT_EQ(tls_->reloader().errors(), 1u);
  EXPECT_EQ(tls_->reloader().reloads(), 0u);
}

// Starts a server whose port gRPC cannot set up: it reads the list of ciphers
// when it makes its first port, after the files were found to be good.
[[noreturn]] void StartAPortThatCannotServe(const Certificates& certificates) {
  auto tls =
      TlsCredentials::Load({.certificate = certificates.Path("server.crt"),
                            .key = certificates.Path("server.key"),
                            .client_ca = certificates.Path("ca.crt")});
  setenv("GRPC_SSL_CIPHER_SUITES", "none", 1);
  Callers callers({.allowed_sans = {"client.example"}});
  v1::ProofSigner::CallbackService service;
  auto server = GrpcServer::Start(
      {.listen = {TcpAddress{.host_port = "127.0.0.1:0", .loopback = true}},
       .tls = tls->get(),
       .callers = &callers},
      {&service}, nullptr);
  std::cerr << server.status();
  _exit(server.ok() ? 1 : 0);
}

using MtlsDeathTest = MtlsTest;

TEST_F(MtlsDeathTest, APortThatGrpcCannotSetUpIsAnErrorAtStart) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(StartAPortThatCannotServe(certificates_),
              ::testing::ExitedWithCode(0),
              "listen: 127.0.0.1:.* does not answer TLS handshakes");
}

TEST_F(MtlsTest, StartsWithGoodFilesAlone) {
  const std::string missing = certificates_.Path("missing");
  EXPECT_THAT(TlsCredentials::Load({missing, missing, missing}),
              ::proofmint::testing::StatusIs(
                  absl::StatusCode::kFailedPrecondition,
                  StartsWith("tls_certificate: " + missing)));
}

}  // namespace
}  // namespace proofmint::service
