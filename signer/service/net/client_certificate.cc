#include "signer/service/net/client_certificate.h"

#include <ctime>

#include "signer/service/net/openssl.h"

namespace proofmint::service {
namespace {

bool IsValidAt(const X509& certificate, absl::Time now) {
  time_t time = absl::ToTimeT(now);
  // Negative if the date is not later than `time`, positive if it is, and 0 if
  // it cannot be read.
  return X509_cmp_time(X509_get0_notBefore(&certificate), &time) < 0 &&
         X509_cmp_time(X509_get0_notAfter(&certificate), &time) > 0;
}

}  // namespace

std::optional<ClientCertificate> ReadClientCertificate(ssl_st* ssl,
                                                       absl::Time now) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return std::nullopt;
  ClientCertificate result = {.valid_now = IsValidAt(*certificate, now)};
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
      certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const void* value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind != GEN_URI && kind != GEN_DNS) continue;
    const auto* text = static_cast<const ASN1_IA5STRING*>(value);
    (kind == GEN_URI ? result.uris : result.dns_names)
        .emplace_back(
            reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<size_t>(ASN1_STRING_length(text)));
  }
  return result;
}

}  // namespace proofmint::service
