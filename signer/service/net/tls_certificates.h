// Reads X.509 certificates and tells why TLS would refuse them.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_TLS_CERTIFICATES_H_
#define PROOFMINT_SIGNER_SERVICE_NET_TLS_CERTIFICATES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/service/net/openssl.h"

// All functions are thread-safe. Their errors are FAILED_PRECONDITION, name the
// flag of the file and count its blocks from 1.
namespace proofmint::service {

inline constexpr absl::string_view kTlsCertificate = "tls_certificate";
inline constexpr absl::string_view kTlsKey = "tls_key";
inline constexpr absl::string_view kTlsClientCa = "tls_client_ca";

// The authorities' names go into each handshake (RFC 5246, 7.4.4; RFC 8446,
// 4.2.4), each after a length of 2 bytes; this is their size in all, in bytes.
inline constexpr size_t kMaxAuthorityNamesSize = 65535;

// ParseChain and ParseAuthorities read the certificates of tls_certificate and
// tls_client_ca as gRPC does. There must be one at least, and no block that
// cannot be read; blocks of other kinds, and text, are skipped.
absl::StatusOr<CertificateChain> ParseChain(const std::string& pem);
absl::StatusOr<CertificateChain> ParseAuthorities(const std::string& pem);

// ExpiryOf returns when `certificate` expires, which has passed CheckChain.
absl::Time ExpiryOf(const X509& certificate);

// DescribeKey names the algorithm and size of `key`, such as "RSA of 1024 bits"
// or "secp224r1".
std::string DescribeKey(const EVP_PKEY& key);

// IsStrong returns whether OpenSSL's security level `level` accepts `key`.
bool IsStrong(const EVP_PKEY& key, int level);

// CheckChain fails if no client would accept the certificates of a server at
// `now`: they are expired or not valid yet, not for TLS servers, too weak for
// OpenSSL's security level `level`, or one did not issue the one before it.
// Which roots clients trust is not known, so the last certificate passes for
// one that is trusted.
absl::Status CheckChain(const CertificateChain& chain, int level,
                        absl::Time now);

// CheckAuthorities fails if the names of the authorities are too large for a
// handshake, or if none of them can verify a client's certificate at `now`.
// Returns why some of them cannot, as "block 2: expired at …".
absl::StatusOr<std::vector<std::string>> CheckAuthorities(
    const CertificateChain& authorities, int level, absl::Time now);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_TLS_CERTIFICATES_H_
