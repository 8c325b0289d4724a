#include "tests/service/testing/test_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/time/clock.h"
#include "signer/dpop/inspect.h"
#include "signer/service/net/listen_address.h"

namespace proofmint::testing {

absl::Time TestTime() {
  return absl::FromUnixSeconds(kTestUnixSeconds) + absl::Milliseconds(750);
}

std::unique_ptr<grpc::ClientContext> NewContext() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(absl::Now() + kRpcLimit));
  return context;
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& target,
                                          const std::string& service_config) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!service_config.empty()) {
    arguments.SetServiceConfigJSON(service_config);
  }
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(),
                                   arguments);
}

v1::SignProofRequest ValidRequest(v1::Algorithm algorithm) {
  v1::SignProofRequest request;
  request.set_algorithm(algorithm);
  request.set_htm("POST");
  request.set_htu("https://idp.example/token");
  return request;
}

service::TcpAddress LoopbackTcp(const std::string& host_port) {
  return {.host_port = host_port, .loopback = true};
}

TestServer::TestServer(base::Clock clock, service::ServerOptions options) {
  options.listen = {service::UnixAddress{unix_path()},
                    LoopbackTcp("127.0.0.1:0")};
  options.allow_insecure_loopback = true;
  // So that entropy is drawn only by calls.
  options.key_pool_capacity = 0;
  options.self_check_interval = absl::InfiniteDuration();
  absl::StatusOr<std::unique_ptr<service::Server>> server =
      service::Server::Start(options, entropy_, std::move(clock));
  ABSL_RAW_CHECK(server.ok(), server.status().ToString().c_str());
  server_ = *std::move(server);
  entropy_.ForgetCalls();
}

bool Serves(const std::string& target) {
  auto stub = v1::ProofSigner::NewStub(NewChannel(target));
  v1::SignProofResponse response;
  grpc::Status status =
      stub->SignProof(NewContext().get(), ValidRequest(), &response);
  if (!status.ok()) return false;
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(response.proof());
  return proof.ok() && proof->signature_valid;
}

}  // namespace proofmint::testing
