// Reads and checks the files of a TLS server.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/sha2.h"

namespace proofmint::service {

// TlsPaths names files of PEM blocks.
struct TlsPaths {
  std::string certificate;  // the server's, then those that lead to its root
  std::string key;          // of the first certificate; not encrypted
  std::string client_ca;    // authorities of the client certificates
};

inline constexpr size_t kMaxTlsKeySize = 16 << 10;          // bytes
inline constexpr size_t kMaxTlsCertificatesSize = 1 << 20;  // bytes

// TlsFiles are the contents of the files.
struct TlsFiles {
  std::string certificate;
  crypto::SecretBytes<kMaxTlsKeySize + 1> key;  // NUL-terminated
  std::string client_ca;
  crypto::Sha256Digest digest;  // of all three, to tell whether they changed
};

// ReadTlsFiles reads the files and does not check their contents. Errors name
// the flag and the path, such as "tls_key: a.pem: not a regular file", and are
// FAILED_PRECONDITION.
// Thread-safe.
absl::StatusOr<std::unique_ptr<TlsFiles>> ReadTlsFiles(const TlsPaths& paths);

// TlsSummary is what CheckTlsFiles found.
struct TlsSummary {
  absl::Time not_after;  // when the server's certificate expires
  // Why some of the authorities, not all, cannot verify a client's certificate,
  // such as "block 2: expired at 2026-01-02T03:04:05Z".
  std::vector<std::string> unusable_authorities;
};

// CheckTlsFiles checks the files as they would be used at `now`, by OpenSSL:
// the chain as clients verify it, and handshakes of TLS 1.2 and 1.3 in memory
// with the settings of gRPC. Files that pass serve; files that fail would serve
// no client, or gRPC would not take them and say so nowhere. Not known here are
// the roots that clients trust and the names that they expect.
//
// Fails with FAILED_PRECONDITION, naming the flag and the block. Takes 6 to
// 8 ms of CPU time. Thread-safe.
absl::StatusOr<TlsSummary> CheckTlsFiles(const TlsFiles& files, absl::Time now);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_
