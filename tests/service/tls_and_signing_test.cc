// TLS by the OpenSSL that libgrpc loads and proofs by BoringSSL, in one
// process: both define the same names.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/inspect.h"
#include "signer/service/call_loop.h"
#include "signer/service/proof_signer_service.h"
#include "tests/service/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

class TlsAndSigningTest : public ::testing::Test {
 protected:
  TlsAndSigningTest() {
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = certificates_.Read("ca.crt");
    options.pem_key_cert_pairs = {
        {certificates_.Read("server.key"), certificates_.Read("server.crt")}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options),
                             &port_);
    builder.RegisterService(&service_);
    loop_.AddQueues(builder);
    server_ = builder.BuildAndStart();
    loop_.Start();
  }

  ~TlsAndSigningTest() override {
    server_->Shutdown();
    loop_.Stop();
  }

  // Each call makes a connection and a handshake of its own.
  grpc::Status Sign(const grpc::SslCredentialsOptions& options,
                    v1::Algorithm algorithm, v1::SignProofResponse& response) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto stub = v1::ProofSigner::NewStub(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_),
                                  grpc::SslCredentials(options), arguments));
    return stub->SignProof(NewContext().get(), ValidRequest(algorithm),
                           &response);
  }

  Certificates certificates_;
  std::unique_ptr<crypto::Entropy> entropy_ = *crypto::NewSystemEntropy();
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel()}, *entropy_)
          .value();
  ProofMinter minter_{crypto::DefaultKernel(), *key_pool_, *entropy_, TestTime};
  ProofSignerService service_{crypto::DefaultKernel()};
  CallLoop loop_{minter_, /*threads=*/1,
                 [this](CallQueue& queue) { service_.AwaitCalls(queue); }};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(TlsAndSigningTest, HandshakesAndProofsWorkSideBySide) {
  ASSERT_NE(port_, 0);
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
  ASSERT_NE(port_, 0);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = certificates_.Read("ca.crt");
  v1::SignProofResponse response;
  EXPECT_EQ(Sign(options, v1::ALGORITHM_ES256, response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(response.proof(), "");
}

}  // namespace
}  // namespace proofmint::service
