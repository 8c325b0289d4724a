#include "signer/service/net/tls_files.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {
namespace {

constexpr absl::string_view kCertificate = "tls_certificate";
constexpr absl::string_view kKey = "tls_key";
constexpr absl::string_view kClientCa = "tls_client_ca";

// OpenSSL accepts keys from this size on at the security level that Debian sets
// (2).
constexpr int kMinRsaBits = 2048;
constexpr int kMinEcBits = 224;

absl::Status Error(absl::string_view flag, absl::string_view got,
                   absl::string_view want) {
  return absl::FailedPreconditionError(
      absl::StrCat(flag, ": got ", got, ", want ", want));
}

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
  if (!file.ok()) return FileError(kKey, file.status());
  absl::StatusOr<size_t> size = base::ReadInto(*file, path, buffer);
  if (!size.ok()) return FileError(kKey, size.status());
  return size;
}

bssl::UniquePtr<BIO> View(absl::string_view text) {
  return bssl::UniquePtr<BIO>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Says that a key which needs a password has none.
int NoPassword(char*, int, int, void*) { return -1; }

// Reads all certificates of `pem`, of which there must be one, and returns the
// first.
absl::StatusOr<bssl::UniquePtr<X509>> ParseCertificates(absl::string_view flag,
                                                        absl::string_view pem) {
  bssl::UniquePtr<BIO> bio = View(pem);
  bssl::UniquePtr<X509> first;
  for (int count = 0;; ++count) {
    bssl::UniquePtr<X509> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (certificate == nullptr) {
      const uint32_t error = ERR_peek_last_error();
      ERR_clear_error();
      if (first != nullptr && ERR_GET_LIB(error) == ERR_LIB_PEM &&
          ERR_GET_REASON(error) == PEM_R_NO_START_LINE) {
        return first;  // All have been read.
      }
      return Error(flag, absl::StrCat("no certificate at block ", count + 1),
                   "PEM certificates, at least one");
    }
    if (first == nullptr) first = std::move(certificate);
  }
}

bool IsStrong(const EVP_PKEY& key) {
  switch (EVP_PKEY_id(&key)) {
    case EVP_PKEY_RSA:
      return EVP_PKEY_bits(&key) >= kMinRsaBits;
    case EVP_PKEY_EC:
      return EVP_PKEY_bits(&key) >= kMinEcBits;
    default:
      return true;
  }
}

absl::StatusOr<absl::Time> NotAfter(const X509& certificate) {
  bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days;
  int seconds;
  if (epoch == nullptr ||
      ASN1_TIME_diff(&days, &seconds, epoch.get(),
                     X509_get0_notAfter(&certificate)) != 1) {
    ERR_clear_error();
    return Error(kCertificate, "a bad expiry date", "a date");
  }
  return absl::UnixEpoch() + absl::Hours(24) * days + absl::Seconds(seconds);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsFiles>> ReadTlsFiles(const TlsPaths& paths) {
  auto files = std::make_unique<TlsFiles>();
  PROOFMINT_ASSIGN_OR_RETURN(files->certificate,
                             ReadCertificates(kCertificate, paths.certificate));
  PROOFMINT_ASSIGN_OR_RETURN(size_t key_size,
                             ReadKey(paths.key, files->key.ExposeSecret()));
  PROOFMINT_ASSIGN_OR_RETURN(files->client_ca,
                             ReadCertificates(kClientCa, paths.client_ca));
  std::array<crypto::Sha256Digest, 3> digests = {
      crypto::Sha256(crypto::AsBytes(files->certificate)),
      crypto::Sha256(
          std::span<const uint8_t>(files->key.ExposeSecret()).first(key_size)),
      crypto::Sha256(crypto::AsBytes(files->client_ca))};
  files->digest = crypto::Sha256(
      {reinterpret_cast<const uint8_t*>(digests.data()), sizeof(digests)});
  return files;
}

absl::StatusOr<absl::Time> CheckTlsFiles(const TlsFiles& files) {
  // gRPC, too, reads them up to a NUL.
  PROOFMINT_RETURN_IF_ERROR(
      ParseCertificates(kClientCa, files.client_ca.c_str()).status());
  PROOFMINT_ASSIGN_OR_RETURN(
      bssl::UniquePtr<X509> certificate,
      ParseCertificates(kCertificate, files.certificate.c_str()));
  const std::span<const uint8_t> pem = files.key.ExposeSecret();
  bssl::UniquePtr<BIO> bio = View(reinterpret_cast<const char*>(pem.data()));
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return Error(kKey, "no key that can be read",
                 "a PEM private key that is not encrypted");
  }
  if (!IsStrong(*key)) {
    return Error(kKey, absl::StrCat(EVP_PKEY_bits(key.get()), " bits"),
                 absl::StrCat("at least ", kMinRsaBits, " of RSA or ",
                              kMinEcBits, " of an elliptic curve"));
  }
  const bool match = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!match) {
    return Error(kKey, "the key of another certificate",
                 "that of the first one of tls_certificate");
  }
  return NotAfter(*certificate);
}

}  // namespace proofmint::service
