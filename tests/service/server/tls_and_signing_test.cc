// Tests that TLS by OpenSSL, which libgrpc loads, and proofs by BoringSSL work
// in one process, although both libraries define the same symbols.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "signer/crypto/entropy.h"
#include "signer/dpop/inspect.h"
#include "signer/service/server/server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

class TlsAndSigningTest : public ::testing::Test {
 protected:
  TlsAndSigningTest() {
    certificates_.Issue("client", {.alt_names = "URI:spiffe://td/broker"});
    ServerOptions options;
    options.listen = {LoopbackTcp("127.0.0.1:0")};
    options.callers = {.allowed_sans = {"spiffe://td/broker"}};
    options.tls = TlsPaths{.certificate = certificates_.Path("server.crt"),
                           .key = certificates_.Path("server.key"),
                           .client_ca = certificates_.Path("ca.crt")};
    auto server = Server::Start(options, *entropy_, TestTime);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  // Each call makes a connection and a handshake of its own.
  grpc::Status Sign(const grpc::SslCredentialsOptions& options,
                    v1::Algorithm algorithm, v1::SignProofResponse& response) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto stub = v1::ProofSigner::NewStub(grpc::CreateCustomChannel(
        server_->addresses()[0], grpc::SslCredentials(options), arguments));
    return stub->SignProof(NewContext().get(), ValidRequest(algorithm),
                           &response);
  }

  Certificates certificates_;
  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
  std::unique_ptr<Server> server_;
};

TEST_F(TlsAndSigningTest, HandshakesAndProofsWorkSideBySide) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = certificates_.Read("ca.crt");
  options.pem_private_key = certificates_.Read("client.key");
  options.pem_cert_chain = certificates_.Read("client.crt");
  for (int round = 0; round < 20; ++round) {
    for (v1::Algorithm algorithm :
         {v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519, v1::ALGORITHM_EDDSA}) {
      v1::SignProofResponse response;
      grpc::Status status = Sign(options, algorithm, response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      absl::StatusOr<dpop::InspectedProof> proof =
          dpop::InspectProof(response.proof());
      ASSERT_THAT(proof, IsOk());
      EXPECT_TRUE(proof->signature_valid);
      EXPECT_EQ(proof->jkt, response.jkt());
    }
  }
}

TEST_F(TlsAndSigningTest, AClientWithoutACertificateIsRefused) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = certificates_.Read("ca.crt");
  v1::SignProofResponse response;
  EXPECT_EQ(Sign(options, v1::ALGORITHM_ES256, response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(response.proof(), "");
}

}  // namespace
}  // namespace proofmint::service
