// proofmint-empty-server answers as proofmintd does but without its work, to
// measure what gRPC alone costs: it configures the same server, and its
// handlers are the generated ones. Responses have fixed text of the real sizes.

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/jwk.h"
#include "signer/dpop/proof.h"
#include "signer/service/metrics/metrics.h"
#include "signer/service/metrics/metrics_server.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/observe/log.h"
#include "signer/service/server/grpc_server.h"
#include "signer/service/server/library_logs.h"
#include "signer/service/server/stop_signals.h"

namespace proofmint::load {
namespace {

using service::GrpcServer;
using service::GrpcServerOptions;
using service::ListenAddress;
using service::LogInfo;
using service::MetricsServer;

constexpr int64_t kIat = 1767323045;

// Returns the size of the encoded header; see dpop::ProofKey.
size_t EncodedHeaderSize(v1::Algorithm algorithm) {
  switch (algorithm) {
    case v1::ALGORITHM_ED25519:
      return 160;
    case v1::ALGORITHM_EDDSA:
      return 158;
    default:
      return 220;
  }
}

// Returns the size of the proof for a valid request; see dpop::AppendClaims.
size_t ProofSize(const v1::SignProofRequest& request) {
  constexpr absl::string_view kClaims =
      R"({"jti":"AAAAAAAAAAAAAAAAAAAAAA","htm":"","htu":"","iat":1767323045})";
  constexpr absl::string_view kNonce = R"(,"nonce":"")";
  constexpr absl::string_view kAth = R"(,"ath":"")";
  size_t claims = kClaims.size() + request.htm().size() + request.htu().size();
  if (!request.nonce().empty())
    claims += kNonce.size() + request.nonce().size();
  if (!request.access_token_sha256().empty()) {
    claims += kAth.size() + dpop::Base64UrlSize(crypto::kSha256Size);
  }
  return EncodedHeaderSize(request.algorithm()) + 1 +
         dpop::Base64UrlSize(claims) + 1 +
         dpop::Base64UrlSize(dpop::kSignatureSize);
}

class EmptyService final : public v1::ProofSigner::CallbackService {
 public:
  grpc::ServerUnaryReactor* SignProof(
      grpc::CallbackServerContext* context, const v1::SignProofRequest* request,
      v1::SignProofResponse* response) override {
    Answer(*request, *response);
    return Finish(*context);
  }

  grpc::ServerUnaryReactor* BatchSignProofs(
      grpc::CallbackServerContext* context,
      const v1::BatchSignProofsRequest* batch,
      v1::BatchSignProofsResponse* response) override {
    for (const v1::SignProofRequest& request : batch->requests()) {
      Answer(request, *response->add_results()->mutable_proof());
    }
    return Finish(*context);
  }

  grpc::ServerUnaryReactor* GetCapabilities(
      grpc::CallbackServerContext* context, const v1::GetCapabilitiesRequest*,
      v1::GetCapabilitiesResponse* response) override {
    response->set_version(PROOFMINT_VERSION);
    response->set_kernel("none");
    return Finish(*context);
  }

 private:
  void Answer(const v1::SignProofRequest& request,
              v1::SignProofResponse& response) const {
    response.mutable_proof()->assign(text_, 0, ProofSize(request));
    response.mutable_jkt()->assign(text_, 0, std::tuple_size_v<dpop::Jkt>);
    response.set_iat(kIat);
  }

  static grpc::ServerUnaryReactor* Finish(
      grpc::CallbackServerContext& context) {
    grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const std::string text_ = std::string(dpop::kMaxProofSize, 'A');
};

absl::Status Run(const std::vector<std::string>& listen,
                 const std::string& metrics_listen) {
  const sigset_t stop_signals = service::BlockStopSignals();
  GrpcServerOptions options;
  options.allow_insecure_loopback = true;
  for (const std::string& text : listen) {
    PROOFMINT_ASSIGN_OR_RETURN(ListenAddress address,
                               service::ParseListenAddress(text));
    options.listen.push_back(std::move(address));
  }
  std::unique_ptr<MetricsServer> metrics;
  if (!metrics_listen.empty()) {
    PROOFMINT_ASSIGN_OR_RETURN(
        service::LoopbackAddress address,
        service::ParseLoopbackAddress("metrics_listen", metrics_listen));
    PROOFMINT_ASSIGN_OR_RETURN(
        metrics, MetricsServer::Start(address, {service::NewProcessMetrics()}));
  }
  EmptyService empty;
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<GrpcServer> server,
      GrpcServer::Start(options, {&empty}, /*loop=*/nullptr));
  for (const std::string& address : server->addresses()) {
    LogInfo("listening", {{"address", address}});
  }
  if (metrics != nullptr) {
    LogInfo("listening", {{"metrics", metrics->address()}});
  }
  LogInfo("serving");
  int signal;
  sigwait(&stop_signals, &signal);
  server->Stop(absl::Seconds(1));
  return absl::OkStatus();
}

}  // namespace
}  // namespace proofmint::load

int main(int argc, char** argv) {
  CLI::App app(
      "proofmint-empty-server answers the calls of proofmintd's clients with\n"
      "fixed text of the right sizes, to show what gRPC alone costs.");
  std::vector<std::string> listen;
  app.add_option("--listen", listen,
                 "Addresses to serve, as for proofmintd --listen")
      ->delimiter(',')
      ->required();
  std::string metrics_listen;
  app.add_option("--metrics_listen", metrics_listen,
                 "Serve the metrics of the process over HTTP, as proofmintd\n"
                 "--metrics_listen does");
  CLI11_PARSE(app, argc, argv);
  proofmint::service::CaptureLibraryLogs();
  absl::Status status = proofmint::load::Run(listen, metrics_listen);
  if (!status.ok()) {
    proofmint::service::LogError("failed",
                                 {{"error", std::string(status.message())}});
    return 1;
  }
  return 0;
}
