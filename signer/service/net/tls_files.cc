#include "signer/service/net/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/tls_certificates.h"
#include "signer/service/net/tls_handshake.h"

namespace proofmint::service {
namespace {

absl::Status FileError(absl::string_view flag, const absl::Status& status) {
  return absl::FailedPreconditionError(
      absl::StrCat(flag, ": ", status.message()));
}

absl::StatusOr<std::string> ReadCertificates(absl::string_view flag,
                                             const std::string& path) {
  absl::StatusOr<std::string> pem =
      base::ReadFile(path, kMaxTlsCertificatesSize);
  if (!pem.ok()) return FileError(flag, pem.status());
  return pem;
}

// Returns the size of the key, which is less than the buffer's.
absl::StatusOr<size_t> ReadKey(const std::string& path,
                               std::span<uint8_t> buffer) {
  absl::StatusOr<base::UniqueFd> file = base::OpenRegularFile(path);
  if (!file.ok()) return FileError(kTlsKey, file.status());
  absl::StatusOr<size_t> size = base::ReadInto(*file, path, buffer);
  if (!size.ok()) return FileError(kTlsKey, size.status());
  return size;
}

// Says that a key which needs a password has none.
int NoPassword(char*, int, int, void*) { return -1; }

absl::Status KeyError(absl::string_view got, absl::string_view want) {
  return absl::FailedPreconditionError(
      absl::StrCat(kTlsKey, ": got ", got, ", want ", want));
}

// Reads the key of `certificate`, the server's.
absl::StatusOr<KeyPtr> ParseKey(const char* pem, X509& certificate, int level) {
  // gRPC would load the engine that such a file names.
  const bool is_engine = absl::StartsWith(pem, "engine:");
  BioPtr bio(BIO_new_mem_buf(pem, -1));
  KeyPtr key(is_engine ? nullptr
                       : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword,
                                                 nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return KeyError("no key that can be read",
                    "a PEM private key that is not encrypted");
  }
  if (!IsStrong(*key, level)) {
    return KeyError(DescribeKey(*key),
                    absl::StrCat("one that OpenSSL's security level ", level,
                                 " accepts, such as RSA of 2048 bits or more, "
                                 "or P-256"));
  }
  const bool match = X509_check_private_key(&certificate, key.get()) == 1;
  ERR_clear_error();
  if (!match) {
    return KeyError("the key of another certificate",
                    "that of the first one of tls_certificate");
  }
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsFiles>> ReadTlsFiles(const TlsPaths& paths) {
  auto files = std::make_unique<TlsFiles>();
  PROOFMINT_ASSIGN_OR_RETURN(
      files->certificate, ReadCertificates(kTlsCertificate, paths.certificate));
  PROOFMINT_ASSIGN_OR_RETURN(size_t key_size,
                             ReadKey(paths.key, files->key.ExposeSecret()));
  PROOFMINT_ASSIGN_OR_RETURN(files->client_ca,
                             ReadCertificates(kTlsClientCa, paths.client_ca));
  std::array<crypto::Sha256Digest, 3> digests = {
      crypto::Sha256(crypto::AsBytes(files->certificate)),
      crypto::Sha256(
          std::span<const uint8_t>(files->key.ExposeSecret()).first(key_size)),
      crypto::Sha256(crypto::AsBytes(files->client_ca))};
  files->digest = crypto::Sha256(
      {reinterpret_cast<const uint8_t*>(digests.data()), sizeof(digests)});
  return files;
}

absl::StatusOr<TlsSummary> CheckTlsFiles(const TlsFiles& files,
                                         absl::Time now) {
  PROOFMINT_ASSIGN_OR_RETURN(CertificateChain authorities,
                             ParseAuthorities(files.client_ca));
  PROOFMINT_ASSIGN_OR_RETURN(CertificateChain chain,
                             ParseChain(files.certificate));
  PROOFMINT_ASSIGN_OR_RETURN(const int level, DefaultSecurityLevel());
  PROOFMINT_ASSIGN_OR_RETURN(
      KeyPtr key,
      ParseKey(reinterpret_cast<const char*>(files.key.ExposeSecret().data()),
               *chain[0], level));
  PROOFMINT_RETURN_IF_ERROR(CheckChain(chain, level, now));
  TlsSummary summary = {.not_after = ExpiryOf(*chain[0])};
  PROOFMINT_ASSIGN_OR_RETURN(summary.unusable_authorities,
                             CheckAuthorities(authorities, level, now));
  PROOFMINT_RETURN_IF_ERROR(TryHandshakes(chain, *key, authorities));
  return summary;
}

}  // namespace proofmint::service
