// ScriptedSigner is a gRPC server whose answers a test scripts.

#ifndef PROOFMINT_TESTS_CLIENT_SCRIPTED_SIGNER_H_
#define PROOFMINT_TESTS_CLIENT_SCRIPTED_SIGNER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// ScriptedSigner serves BatchSignProofs on a Unix socket, each call on a thread
// of gRPC.
class ScriptedSigner {
 public:
  using Handler = std::function<grpc::Status(grpc::ServerContext&,
                                             const v1::BatchSignProofsRequest&,
                                             v1::BatchSignProofsResponse&)>;

  explicit ScriptedSigner(Handler handler) : service_(std::move(handler)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }

  std::string target() const { return "unix:" + directory_ / "signer.sock"; }

 private:
  class Service final : public v1::ProofSigner::Service {
   public:
    explicit Service(Handler handler) : handler_(std::move(handler)) {}

    grpc::Status BatchSignProofs(
        grpc::ServerContext* context, const v1::BatchSignProofsRequest* request,
        v1::BatchSignProofsResponse* response) override {
      return handler_(*context, *request, *response);
    }

   private:
    const Handler handler_;
  };

  TempDir directory_;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_CLIENT_SCRIPTED_SIGNER_H_
