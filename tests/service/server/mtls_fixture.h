// Serves with mutual TLS and with certificates of the test.

#ifndef PROOFMINT_TESTS_SERVICE_SERVER_MTLS_FIXTURE_H_
#define PROOFMINT_TESTS_SERVICE_SERVER_MTLS_FIXTURE_H_

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/net/tls_credentials.h"
#include "tests/service/testing/caller_server.h"
#include "tests/testing/certificates.h"

namespace proofmint::service {

inline const std::string kRefusedByTls =
    absl::StrCat("failed ", grpc::StatusCode::UNAVAILABLE);

// MtlsTest has an authority, a server certificate and the client certificate
// "client", with the name client.example.
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
    server_ = std::make_unique<testing::CallerServer>(
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
    return testing::AskWhoIAm(Connect("caller"));
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
                  ::testing::HasSubstr(absl::StrCat(
                      R"("reason":"not_allowed","caller":")", caller, "\"")));
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
    auto context = testing::NewContext();
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
  testing::Certificates certificates_;
  std::unique_ptr<TlsCredentials> tls_;
  std::unique_ptr<testing::CallerServer> server_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_TESTS_SERVICE_SERVER_MTLS_FIXTURE_H_
