#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/service/net/openssl.h"
#include "signer/service/net/self_test_client.h"

namespace proofmint::service {
namespace {

constexpr long kHour = 3600;  // seconds

// Returns the bytes that `write` puts into a BIO.
template <typename Write>
std::string Written(Write write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (bio == nullptr || write(bio.get()) != 1) return "";
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

bool AddExtension(X509& certificate, int nid, const std::string& value) {
  ExtensionPtr extension(
      X509V3_EXT_nconf_nid(nullptr, nullptr, nid, value.c_str()));
  return extension != nullptr &&
         X509_add_ext(&certificate, extension.get(), /*loc=*/-1) == 1;
}

CertificatePtr MakeCertificate(EVP_PKEY& key) {
  CertificatePtr certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509* const c = certificate.get();
  X509_NAME* const name = X509_get_subject_name(c);
  const auto* const common_name =
      reinterpret_cast<const uint8_t*>(SelfTestCertificate::kDnsName);
  const bool made =
      X509_set_version(c, X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set(X509_get_serialNumber(c), 1) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(c), -kHour) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(c), kHour) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1,
                                 0) == 1 &&
      X509_set_issuer_name(c, name) == 1 && X509_set_pubkey(c, &key) == 1 &&
      AddExtension(*c, NID_basic_constraints, "CA:TRUE") &&
      AddExtension(*c, NID_subject_alt_name,
                   absl::StrCat("DNS:", SelfTestCertificate::kDnsName)) &&
      X509_sign(c, &key, EVP_sha256()) != 0;
  return made ? std::move(certificate) : nullptr;
}

}  // namespace

absl::StatusOr<SelfTestCertificate> MakeSelfTestCertificate() {
  SelfTestCertificate result;
  KeyPtr key(EVP_EC_gen("P-256"));
  CertificatePtr certificate = key == nullptr ? nullptr : MakeCertificate(*key);
  if (certificate != nullptr) {
    X509* const c = certificate.get();
    result.certificate_pem =
        Written([c](BIO* bio) { return PEM_write_bio_X509(bio, c); });
    result.certificate_der =
        Written([c](BIO* bio) { return i2d_X509_bio(bio, c); });
    result.key_pem = Written([&key](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                      nullptr, nullptr);
    });
    result.key_der = Written(
        [&key](BIO* bio) { return i2d_PrivateKey_bio(bio, key.get()); });
  }
  ERR_clear_error();
  if (result.key_der.empty() || result.certificate_der.empty()) {
    return absl::InternalError(
        "guard: no certificate could be made for the self-test");
  }
  return result;
}

}  // namespace proofmint::service
