#include "signer/service/net/tls_certificates.h"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"

namespace proofmint::service {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using StoreContextPtr =
    std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;

// OpenSSL takes pointers to objects that it does not change.
X509* Mutable(const X509& certificate) {
  return const_cast<X509*>(&certificate);
}

absl::Status BlockError(absl::string_view flag, size_t block,
                        absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(flag, ": block ", block, ": ", what));
}

using ReadCertificate = X509* (*)(BIO*, X509**, pem_password_cb*, void*);

absl::StatusOr<CertificateChain> Parse(absl::string_view flag,
                                       const std::string& pem,
                                       ReadCertificate read_first,
                                       ReadCertificate read_others) {
  // gRPC, too, reads up to a NUL.
  BioPtr bio(BIO_new_mem_buf(pem.c_str(), -1));
  CertificateChain chain;
  for (;;) {
    ERR_clear_error();
    const ReadCertificate read = chain.empty() ? read_first : read_others;
    CertificatePtr certificate(read(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    chain.push_back(std::move(certificate));
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM &&
                      ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (chain.empty() || !at_end) {
    return absl::FailedPreconditionError(
        absl::StrCat(flag, ": got no certificate at block ", chain.size() + 1,
                     ", want PEM certificates, at least one"));
  }
  return chain;
}

// Returns the time of `time`, or nothing if it is not one.
std::optional<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm civil = {};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return std::nullopt;
  return absl::FromTM(civil, absl::UTCTimeZone());
}

std::string Format(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// Returns how many bits of security OpenSSL wants at a level of 0 to 5.
int SecurityBits(int level) {
  constexpr std::array<int, 6> kBits = {0, 80, 112, 128, 192, 256};
  return kBits[static_cast<size_t>(
      std::clamp(level, 0, static_cast<int>(kBits.size()) - 1))];
}

std::string TooWeak(int level) {
  return absl::StrCat(", which OpenSSL's security level ", level, " refuses");
}

// Returns why a certificate is not valid at `now`.
std::optional<std::string> InvalidTime(const X509& certificate,
                                       absl::Time now) {
  const std::optional<absl::Time> begin =
      ToTime(X509_get0_notBefore(&certificate));
  const std::optional<absl::Time> end =
      ToTime(X509_get0_notAfter(&certificate));
  if (!begin.has_value() || !end.has_value()) return "a date that is none";
  if (now < *begin) {
    return absl::StrCat("not valid before ", Format(*begin));
  }
  if (now >= *end) return absl::StrCat("expired at ", Format(*end));
  return std::nullopt;
}

std::optional<std::string> WeakKey(const X509& certificate, int level) {
  const EVP_PKEY* key = X509_get0_pubkey(&certificate);
  if (key == nullptr) return "a key that OpenSSL cannot read";
  if (IsStrong(*key, level)) return std::nullopt;
  return absl::StrCat("a key of ", DescribeKey(*key), TooWeak(level));
}

// Returns why the signature under a certificate is too weak. That of a
// self-signed one is not looked at.
std::optional<std::string> WeakSignature(const X509& certificate, int level) {
  int digest = NID_undef;
  int bits = -1;
  X509* mutable_certificate = Mutable(certificate);
  if ((X509_get_extension_flags(mutable_certificate) & EXFLAG_SS) != 0 ||
      (X509_get_signature_info(mutable_certificate, &digest, nullptr, &bits,
                               nullptr) == 1 &&
       bits >= SecurityBits(level))) {
    return std::nullopt;
  }
  if (digest == NID_sha1)
    return absl::StrCat("signed with SHA-1", TooWeak(level));
  return absl::StrCat("signed with ", OBJ_nid2sn(digest), TooWeak(level));
}

// Returns what is wrong with certificate `position` of `chain` by itself, or
// with its place in the chain.
std::optional<std::string> WhyRefused(const CertificateChain& chain,
                                      size_t position, int level,
                                      absl::Time now) {
  const X509& certificate = *chain[position];
  std::optional<std::string> reason = InvalidTime(certificate, now);
  if (!reason.has_value()) reason = WeakKey(certificate, level);
  if (!reason.has_value()) reason = WeakSignature(certificate, level);
  if (!reason.has_value() && position > 0 &&
      X509_check_issued(chain[position].get(), chain[position - 1].get()) !=
          X509_V_OK) {
    reason = absl::StrCat("not the certificate that issued block ", position);
  }
  return reason;
}

std::string Translate(int error) {
  if (error == X509_V_ERR_INVALID_PURPOSE) {
    return "not for TLS servers: its key usage does not allow it";
  }
  return X509_verify_cert_error_string(error);
}

// Verifies the chain as a client does that trusts its end.
absl::Status Verify(const CertificateChain& chain, int level, absl::Time now) {
  StorePtr store(X509_STORE_new());
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const CertificatePtr& certificate : chain) {
    sk_X509_push(untrusted, certificate.get());
    if (certificate == chain.back() ||
        X509_self_signed(certificate.get(), 0) == 1) {
      X509_STORE_add_cert(store.get(), certificate.get());
    }
  }
  StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), untrusted);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_auth_level(parameters, level);
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  const int depth = X509_STORE_CTX_get_error_depth(context.get());
  sk_X509_free(untrusted);
  ERR_clear_error();
  if (verified) return absl::OkStatus();
  return BlockError(kTlsCertificate, static_cast<size_t>(depth) + 1,
                    Translate(error));
}

}  // namespace

absl::StatusOr<CertificateChain> ParseChain(const std::string& pem) {
  return Parse(kTlsCertificate, pem, PEM_read_bio_X509_AUX, PEM_read_bio_X509);
}

absl::StatusOr<CertificateChain> ParseAuthorities(const std::string& pem) {
  return Parse(kTlsClientCa, pem, PEM_read_bio_X509_AUX, PEM_read_bio_X509_AUX);
}

absl::Time ExpiryOf(const X509& certificate) {
  return ToTime(X509_get0_notAfter(&certificate))
      .value_or(absl::InfinitePast());
}

std::string DescribeKey(const EVP_PKEY& key) {
  char group[64];
  if (EVP_PKEY_is_a(&key, "EC") &&
      EVP_PKEY_get_group_name(&key, group, sizeof(group), nullptr) == 1) {
    return group;
  }
  const char* type = EVP_PKEY_get0_type_name(&key);
  return absl::StrCat(type == nullptr ? "an unknown kind" : type, " of ",
                      EVP_PKEY_get_bits(&key), " bits");
}

bool IsStrong(const EVP_PKEY& key, int level) {
  return EVP_PKEY_get_security_bits(&key) >= SecurityBits(level);
}

absl::Status CheckChain(const CertificateChain& chain, int level,
                        absl::Time now) {
  for (size_t i = 0; i < chain.size(); ++i) {
    std::optional<std::string> reason = WhyRefused(chain, i, level, now);
    if (reason.has_value()) return BlockError(kTlsCertificate, i + 1, *reason);
  }
  return Verify(chain, level, now);
}

absl::StatusOr<std::vector<std::string>> CheckAuthorities(
    const CertificateChain& authorities, int level, absl::Time now) {
  size_t names_size = 0;
  std::vector<std::string> unusable;
  for (size_t i = 0; i < authorities.size(); ++i) {
    const X509& authority = *authorities[i];
    names_size += 2 + static_cast<size_t>(i2d_X509_NAME(
                          X509_get_subject_name(&authority), nullptr));
    std::optional<std::string> reason = InvalidTime(authority, now);
    if (!reason.has_value()) reason = WeakKey(authority, level);
    if (reason.has_value()) {
      unusable.push_back(absl::StrCat("block ", i + 1, ": ", *reason));
    }
  }
  if (names_size > kMaxAuthorityNamesSize) {
    return absl::FailedPreconditionError(absl::StrCat(
        kTlsClientCa, ": got names of ", authorities.size(), " authorities of ",
        names_size, " bytes in all, want at most ", kMaxAuthorityNamesSize,
        ", which a TLS handshake can hold"));
  }
  if (unusable.size() == authorities.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat(kTlsClientCa, ": ", unusable.front()));
  }
  return unusable;
}

}  // namespace proofmint::service
