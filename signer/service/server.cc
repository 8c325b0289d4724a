#include "signer/service/server.h"

#include <utility>

#include "signer/crypto/status_macros.h"
#include "signer/service/metrics.h"

namespace proofmint::service {

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, crypto::Entropy& entropy, Clock clock) {
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<keys::KeyPool> key_pool,
      keys::KeyPool::New(
          {.kernel = options.kernel, .capacity = options.key_pool_capacity},
          entropy));
  ProofMinter minter(options.kernel, *key_pool, entropy, std::move(clock));
  std::unique_ptr<Server> server(
      new Server(std::move(key_pool), std::move(minter)));
  if (options.metrics_listen.has_value()) {
    PROOFMINT_ASSIGN_OR_RETURN(
        server->metrics_server_,
        MetricsServer::Start(
            *options.metrics_listen,
            {NewProcessMetrics(),
             NewKeyMetrics(options.kernel, *server->key_pool_)}));
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      server->grpc_server_,
      GrpcServer::Start({.listen = options.listen,
                         .enable_reflection = options.enable_reflection},
                        {&server->proof_signer_, &server->health_},
                        &server->call_loop_));
  return server;
}

Server::Server(std::unique_ptr<keys::KeyPool> key_pool, ProofMinter minter)
    : key_pool_(std::move(key_pool)),
      minter_(std::move(minter)),
      proof_signer_(minter_.kernel()),
      call_loop_(minter_, CallLoop::DefaultThreads(), [this](CallQueue& queue) {
        proof_signer_.AwaitCalls(queue);
        health_.AwaitCalls(queue);
      }) {
  health_.SetServing("", true);
  health_.SetServing(v1::ProofSigner::service_full_name(), true);
}

void Server::Stop(absl::Duration grace) {
  health_.Shutdown();
  grpc_server_->Stop(grace);
}

}  // namespace proofmint::service
