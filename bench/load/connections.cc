#include "bench/load/connections.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/grpc_runtime.h"

namespace proofmint::load {
namespace {

constexpr size_t kMaxPemSize = 1 << 20;  // bytes

absl::StatusOr<std::string> ReadPem(absl::string_view flag,
                                    const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> pem = base::ReadFile(path, kMaxPemSize);
  if (!pem.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", pem.status().message()));
  }
  return pem;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> NewCredentials(
    const TlsOptions& tls) {
  if (!tls.enabled()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions pem;
  PROOFMINT_ASSIGN_OR_RETURN(pem.pem_root_certs,
                             ReadPem("--tls_ca", tls.ca_file));
  PROOFMINT_ASSIGN_OR_RETURN(
      pem.pem_cert_chain, ReadPem("--tls_certificate", tls.certificate_file));
  PROOFMINT_ASSIGN_OR_RETURN(pem.pem_private_key,
                             ReadPem("--tls_key", tls.key_file));
  return grpc::SslCredentials(pem);
}

grpc::ChannelArguments Arguments(const TlsOptions& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // The generator shares the CPU with the server: it disables all filters but
  // that for deadlines, which saves a quarter of its own cost.
  arguments.SetInt(GRPC_ARG_MINIMAL_STACK, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A channel finds a restarted server again soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  if (!tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(tls.server_name);
  }
  return arguments;
}

grpc::Status AskCapabilities(const std::shared_ptr<grpc::Channel>& channel,
                             absl::Duration timeout,
                             v1::GetCapabilitiesResponse& response) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  return v1::ProofSigner::NewStub(channel)->GetCapabilities(&context, {},
                                                            &response);
}

}  // namespace

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> Connect(
    const Options& options) {
  service::KeepGrpcInitialized();
  PROOFMINT_ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::ChannelCredentials> credentials,
      NewCredentials(options.tls));
  const grpc::ChannelArguments arguments = Arguments(options.tls);
  const auto deadline = absl::ToChronoTime(absl::Now() + options.timeout);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.connections; ++i) {
    channels.push_back(grpc::CreateCustomChannel(
        options.targets[i % options.targets.size()], credentials, arguments));
    channels.back()->GetState(/*try_to_connect=*/true);
  }
  for (int i = 0; i < options.connections; ++i) {
    if (channels[i]->WaitForConnected(deadline)) continue;
    // The channel does not tell why it is not ready; a call does.
    v1::GetCapabilitiesResponse response;
    grpc::Status status =
        AskCapabilities(channels[i], absl::Seconds(1), response);
    return absl::UnavailableError(absl::StrCat(
        "--target: got ", options.targets[i % options.targets.size()],
        ", want a server that can be reached within ",
        absl::FormatDuration(options.timeout), ": ", status.error_message()));
  }
  return channels;
}

std::optional<ServerDescription> DescribeServer(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout) {
  v1::GetCapabilitiesResponse response;
  if (!AskCapabilities(channel, timeout, response).ok()) return std::nullopt;
  return ServerDescription{response.version(), response.kernel()};
}

}  // namespace proofmint::load
