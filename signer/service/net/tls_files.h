// Reads and checks the files of a TLS server.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_

#include <cstddef>
#include <memory>
#include <string>

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

// CheckTlsFiles returns when the server's certificate expires, which may have
// been long ago. Fails with FAILED_PRECONDITION, naming the flag, if a file is
// not what it should be, the key is too weak for OpenSSL's defaults or not the
// certificate's: gRPC would stop answering handshakes, or not begin to.
// Thread-safe.
absl::StatusOr<absl::Time> CheckTlsFiles(const TlsFiles& files);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_FILES_H_
