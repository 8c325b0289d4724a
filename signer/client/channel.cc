#include "signer/client/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/service/contract/grpc_runtime.h"

namespace proofmint::client {
namespace {

constexpr size_t kMaxPemSize = 1 << 20;  // bytes

constexpr char kOneServer[] = R"({
  "methodConfig": [
    {"name": [{"service": "proofmint.v1.ProofSigner"}], "waitForReady": true}]
})";

constexpr char kFleet[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": "proofmint.v1.ProofSigner"},
  "methodConfig": [
    {"name": [{"service": "proofmint.v1.ProofSigner"}], "waitForReady": true}]
})";

// A server that did not answer for this long while a call was out has its
// connection tested, and closed if it does not answer then. The signer allows a
// ping every 10 s.
constexpr absl::Duration kKeepalive = absl::Seconds(20);
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(5);

// A signer is away only for a moment while it restarts. gRPC's own backoff
// begins with a second and grows to two minutes.
constexpr absl::Duration kInitialReconnectBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxReconnectBackoff = absl::Seconds(1);

// How soon a name is looked up again when a connection to one of its addresses
// was lost. gRPC's 30 s would be longer than a fleet takes to be replaced.
constexpr absl::Duration kDnsInterval = absl::Seconds(2);

bool IsUnixSocket(absl::string_view target) {
  return absl::StartsWith(target, "unix:") ||
         absl::StartsWith(target, "unix-abstract:");
}

absl::Status CheckFile(absl::string_view option, const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": empty, want the path of a PEM file"));
  }
  const absl::Status status = base::ReadFile(path, kMaxPemSize).status();
  return status.ok() ? status
                     : absl::InvalidArgumentError(
                           absl::StrCat(option, ": ", status.message()));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> NewCredentials(
    const std::optional<TlsFiles>& tls, absl::Duration refresh_interval) {
  using grpc::experimental::FileWatcherCertificateProvider;
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  PROOFMINT_RETURN_IF_ERROR(CheckFile("tls.certificate", tls->certificate));
  PROOFMINT_RETURN_IF_ERROR(CheckFile("tls.key", tls->key));
  PROOFMINT_RETURN_IF_ERROR(CheckFile("tls.ca", tls->ca));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<FileWatcherCertificateProvider>(
          tls->key, tls->certificate, tls->ca,
          static_cast<unsigned>(absl::ToInt64Seconds(refresh_interval))));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

void SetMilliseconds(grpc::ChannelArguments& arguments, const char* name,
                     absl::Duration duration) {
  arguments.SetInt(name, static_cast<int>(absl::ToInt64Milliseconds(duration)));
}

}  // namespace

absl::Status CheckTarget(const std::string& target) {
  const bool printable =
      std::all_of(target.begin(), target.end(),
                  [](unsigned char c) { return absl::ascii_isgraph(c); });
  // What follows the scheme, if there is one, must not be empty. gRPC would
  // look a path up in DNS.
  if (target.empty() || target.back() == ':' || target.front() == '/' ||
      target.front() == '.' || !printable) {
    return absl::InvalidArgumentError(
        absl::StrCat("target: got \"", absl::CHexEscape(target),
                     "\", want unix:PATH, HOST:PORT or dns:///HOST:PORT"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> NewChannel(
    const std::string& target, const std::optional<TlsFiles>& tls,
    absl::Duration tls_refresh_interval) {
  service::KeepGrpcInitialized();
  PROOFMINT_RETURN_IF_ERROR(CheckTarget(target));
  PROOFMINT_ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::ChannelCredentials> credentials,
      NewCredentials(tls, tls_refresh_interval));
  grpc::ChannelArguments arguments;
  SetMilliseconds(arguments, GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                  kInitialReconnectBackoff);
  SetMilliseconds(arguments, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                  kMaxReconnectBackoff);
  // A proxy for the web is not for the signer.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (IsUnixSocket(target)) {
    arguments.SetServiceConfigJSON(kOneServer);
  } else {
    arguments.SetServiceConfigJSON(kFleet);
    SetMilliseconds(arguments, GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS,
                    kDnsInterval);
    SetMilliseconds(arguments, GRPC_ARG_KEEPALIVE_TIME_MS, kKeepalive);
    SetMilliseconds(arguments, GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                    kKeepaliveTimeout);
  }
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

}  // namespace proofmint::client
