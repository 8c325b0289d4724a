#include "signer/tools/server_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/exchange/printable_text.h"
#include "signer/tools/rpc_client.h"

namespace proofmint::tools {
namespace {

using grpc::health::v1::HealthCheckResponse;

bool ShowCapabilities(const ServerFlags& server) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = server.NewChannel();
  if (!channel.ok()) {
    PrintError(channel.status());
    return false;
  }
  auto stub = v1::ProofSigner::NewStub(*channel);
  grpc::ClientContext context;
  server.SetDeadline(context);
  v1::GetCapabilitiesResponse response;
  grpc::Status status = stub->GetCapabilities(&context, {}, &response);
  if (!status.ok()) {
    PrintError(status);
    return false;
  }
  std::cout << "version         " << EscapedText(response.version()) << "\n"
            << "kernel          " << EscapedText(response.kernel()) << "\n"
            << "algorithms      "
            << EscapedText(
                   absl::StrJoin(response.dpop_signing_alg_values(), " "))
            << "\n"
            << "max batch size  " << response.max_batch_size() << "\n"
            << "max iat offset  " << response.max_iat_offset().seconds()
            << " s\n";
  return true;
}

bool CheckHealth(const ServerFlags& server, const std::string& service) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = server.NewChannel();
  if (!channel.ok()) {
    PrintError(channel.status());
    return false;
  }
  auto stub = grpc::health::v1::Health::NewStub(*channel);
  grpc::ClientContext context;
  server.SetDeadline(context);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  grpc::Status status = stub->Check(&context, request, &response);
  if (!status.ok()) {
    PrintError(status);
    return false;
  }
  std::cout << HealthCheckResponse::ServingStatus_Name(response.status())
            << "\n";
  return response.status() == HealthCheckResponse::SERVING;
}

}  // namespace

void AddServerCommands(CLI::App& app, int& exit_code) {
  CLI::App* capabilities = app.add_subcommand(
      "capabilities", "Show the server's version, algorithms and limits.");
  auto capabilities_server = std::make_shared<ServerFlags>();
  capabilities_server->AddTo(*capabilities);
  capabilities->callback([capabilities_server, &exit_code] {
    exit_code = ShowCapabilities(*capabilities_server) ? 0 : 1;
  });

  CLI::App* health = app.add_subcommand(
      "health",
      "Check whether the server accepts calls, for probes. Exits with 0 if it\n"
      "does, and with 1 if not.");
  auto health_server = std::make_shared<ServerFlags>();
  auto service = std::make_shared<std::string>();
  health_server->AddTo(*health);
  health->add_option("--service", *service,
                     "Service to check; empty checks the server as a whole");
  health->callback([health_server, service, &exit_code] {
    exit_code = CheckHealth(*health_server, *service) ? 0 : 1;
  });
}

}  // namespace proofmint::tools
