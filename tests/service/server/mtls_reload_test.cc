// Tests how the files of TLS are checked and reloaded.

#include <gmock/gmock.h>
#include <grpc/grpc_security_constants.h>
#include <gtest/gtest.h>

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
#include "tests/service/server/mtls_fixture.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/bad_tls_files.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AllBadTlsFiles;
using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::BadTlsFiles;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::kRpcLimit;
using ::testing::ContainsRegex;
using ::testing::StartsWith;

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
