#include "signer/service/net/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "signer/base/status_macros.h"
#include "signer/service/net/tls_resumption.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

// How long to wait before files that were refused are checked again.
constexpr absl::Duration kCheckInterval = absl::Seconds(10);

std::atomic<uint64_t> handshake_failures = 0;

}  // namespace

// gRPC's C++ interface has no credentials that ask for certificates, its C
// interface does.
class TlsCredentials::ServerCredentials final : public grpc::ServerCredentials {
 public:
  explicit ServerCredentials(Port* port)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
                FetchConfig, port))) {}
  ~ServerCredentials() override {
    grpc_server_credentials_release(credentials_);
  }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

absl::StatusOr<std::unique_ptr<TlsCredentials>> TlsCredentials::Load(
    TlsPaths paths, base::Clock clock) {
  ForbidTlsResumption();
  std::unique_ptr<TlsCredentials> credentials(
      new TlsCredentials(std::move(paths), std::move(clock)));
  PROOFMINT_RETURN_IF_ERROR(credentials->Reload().status());
  return credentials;
}

TlsCredentials::~TlsCredentials() = default;

std::shared_ptr<grpc::ServerCredentials>
TlsCredentials::NewServerCredentials() {
  base::MutexLock lock(mutex_);
  Port& port = ports_.emplace_back(Port{.credentials = this});
  return std::make_shared<ServerCredentials>(&port);
}

absl::StatusOr<bool> TlsCredentials::Reload() {
  base::MutexLock lock(mutex_);
  auto files = ReadTlsFiles(paths_);
  std::string seen =
      files.ok() ? std::string((*files)->digest.begin(), (*files)->digest.end())
                 : files.status().ToString();
  const absl::Time now = clock_();
  const bool changed = seen != seen_;
  if (!changed && now < check_again_) return false;
  seen_ = std::move(seen);
  check_again_ = absl::InfiniteFuture();
  PROOFMINT_RETURN_IF_ERROR(files.status());
  // Good files that come back after bad ones count as a change, too.
  absl::StatusOr<TlsSummary> summary = CheckTlsFiles(**files, now);
  const absl::Status last = std::exchange(checked_, summary.status());
  if (!summary.ok()) {
    check_again_ = now + kCheckInterval;
    if (!changed && summary.status() == last) return false;
    return summary.status();
  }
  for (const std::string& reason : summary->unusable_authorities) {
    LogError("tls_client_ca: an authority that no client can use",
             {{"authority", reason}});
  }
  not_after_ = summary->not_after;
  files_ = *std::move(files);
  ++version_;
  return true;
}

grpc_ssl_certificate_config_reload_status TlsCredentials::FetchConfig(
    void* port_pointer, grpc_ssl_server_certificate_config** config) {
  auto* port = static_cast<Port*>(port_pointer);
  TlsCredentials& self = *port->credentials;
  self.reloader_.Run();
  base::MutexLock lock(self.mutex_);
  if (port->version == self.version_) {
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  }
  port->version = self.version_;
  const TlsFiles& files = *self.files_;
  grpc_ssl_pem_key_cert_pair pair = {
      reinterpret_cast<const char*>(files.key.ExposeSecret().data()),
      files.certificate.c_str()};
  *config = grpc_ssl_server_certificate_config_create(files.client_ca.c_str(),
                                                      &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

absl::Time TlsCredentials::not_after() const {
  base::MutexLock lock(mutex_);
  return not_after_;
}

bool CountTlsHandshakeFailure(absl::string_view message) {
  if (!absl::StartsWith(message, "Handshake failed with fatal error")) {
    return false;
  }
  handshake_failures.fetch_add(1, std::memory_order_relaxed);
  return true;
}

uint64_t TlsHandshakeFailures() {
  return handshake_failures.load(std::memory_order_relaxed);
}

}  // namespace proofmint::service
