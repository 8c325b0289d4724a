// TLS by the OpenSSL that libgrpc loads and proofs by BoringSSL, in one
// process: both define the same names.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/inspect.h"
#include "signer/service/proof_signer_service.h"
#include "tests/service/test_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

extern char** environ;

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Throw-away certificates, made by the openssl command: an authority, a server
// and a client.
class Certificates {
 public:
  Certificates() {
    OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=test authority", "-keyout", directory_ / "ca.key", "-out",
             directory_ / "ca.crt"});
    for (const char* name : {"server", "client"}) {
      std::string path = directory_ / name;
      OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-subj", absl::StrCat("/CN=", name), "-addext",
               "subjectAltName=IP:127.0.0.1", "-keyout", path + ".key", "-out",
               path + ".csr"});
      OpenSsl({"x509", "-req", "-in", path + ".csr", "-copy_extensions", "copy",
               "-CA", directory_ / "ca.crt", "-CAkey", directory_ / "ca.key",
               "-CAcreateserial", "-days", "2", "-out", path + ".crt"});
    }
  }

  std::string Read(const std::string& name) const {
    return ReadFile(directory_ / name);
  }

 private:
  void OpenSsl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string log = directory_ / "openssl.log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid;
    int spawned =
        posix_spawnp(&pid, "openssl", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_EQ(spawned, 0) << "openssl: not found";
    int status = -1;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0) << arguments[1] << ": " << ReadFile(log);
  }

  TempDir directory_;
};

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
    server_ = builder.BuildAndStart();
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
  ProofSignerService service_{
      ProofMinter(crypto::DefaultKernel(), *key_pool_, *entropy_, TestTime)};
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
