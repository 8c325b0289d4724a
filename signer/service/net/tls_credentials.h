// Provides mutual TLS for servers, from files that may change while they run.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_CREDENTIALS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/mutex.h"
#include "signer/service/net/tls_files.h"
#include "signer/service/observe/reloader.h"

namespace proofmint::service {

// TlsCredentials presents a certificate to clients and requires theirs (mTLS),
// with TLS 1.2 or later. Every handshake reads the files anew, which costs
// little beside the handshake; open connections keep the certificates that they
// began with, and no session is resumed. Files that would not serve, for
// example because only one has been replaced so far, are not used until they do
// (CheckTlsFiles).
//
// gRPC's own FileWatcherCertificateProvider uses files without checking them
// and refuses every handshake after a bad one.
//
// Thread-safe.
class TlsCredentials {
 public:
  // Load fails as ReadTlsFiles and CheckTlsFiles do. `clock` tells which
  // certificates are valid. Forbids resumption for the whole process
  // (ForbidTlsResumption).
  static absl::StatusOr<std::unique_ptr<TlsCredentials>> Load(
      TlsPaths paths, base::Clock clock = absl::Now);

  // The servers that use it must be gone.
  ~TlsCredentials();

  // NewServerCredentials returns the credentials of one port, which may be used
  // as long as this object lives.
  std::shared_ptr<grpc::ServerCredentials> NewServerCredentials();

  // Returns the reloader, which takes the files as they are now, if they are
  // new and good. Each handshake runs it; running it in between keeps
  // not_after() up to date.
  Reloader& reloader() { return reloader_; }

  // Returns when the certificate that handshakes show expires.
  absl::Time not_after() const;

 private:
  // Port holds the state of one port.
  struct Port {
    TlsCredentials* credentials;
    uint64_t version = 0;  // of the files that it has
  };
  class ServerCredentials;

  TlsCredentials(TlsPaths paths, base::Clock clock)
      : paths_(std::move(paths)), clock_(std::move(clock)) {}

  // Reads the files and takes them if they are new and good. Returns whether it
  // took them; an error comes once for each change of the files. Files that
  // were refused are checked again from time to time: a certificate may become
  // valid.
  absl::StatusOr<bool> Reload();

  // gRPC's callback before a handshake; `port` is a Port.
  static grpc_ssl_certificate_config_reload_status FetchConfig(
      void* port, grpc_ssl_server_certificate_config** config);

  const TlsPaths paths_;
  const base::Clock clock_;
  mutable base::Mutex mutex_;
  std::list<Port> ports_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<TlsFiles> files_ ABSL_GUARDED_BY(mutex_);
  absl::Time not_after_ ABSL_GUARDED_BY(mutex_);
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;  // of files_
  // The digest of the files when they were last read, or the error.
  std::string seen_ ABSL_GUARDED_BY(mutex_);
  // Whether these files were good, and when to check bad ones again.
  absl::Status checked_ ABSL_GUARDED_BY(mutex_);
  absl::Time check_again_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  Reloader reloader_{"tls", [this] { return Reload(); }};
};

// CountTlsHandshakeFailure looks at an error that libgrpc logs, which is the
// only place where gRPC 1.51 tells of handshakes that fail. It returns whether
// the error is one, and if so counts it; it should then not be logged, because
// any peer could fill the log with it. Peers that close the connection during
// the handshake are not counted. Thread-safe.
bool CountTlsHandshakeFailure(absl::string_view message);

// TlsHandshakeFailures returns how many this process has counted. Thread-safe.
uint64_t TlsHandshakeFailures();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_CREDENTIALS_H_
