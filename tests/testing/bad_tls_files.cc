#include "tests/testing/bad_tls_files.h"

#include "absl/strings/str_cat.h"

namespace proofmint::testing {
namespace {

// Makes a certificate, with good authorities of clients.
void IssueBad(Certificates& files, const Certificates::Options& options) {
  files.Write("bad_ca.crt", files.Read("ca.crt"));
  files.Issue("bad", options);
}

// Makes a chain of two certificates, the second with `issuer`'s options.
void IssueBadChain(Certificates& files, Certificates::Options issuer) {
  issuer.extensions.push_back("basicConstraints=critical,CA:TRUE");
  files.Issue("issuer", issuer);
  IssueBad(files, {.authority = "issuer"});
  files.Write("bad.crt",
              absl::StrCat(files.Read("bad.crt"), files.Read("issuer.crt")));
}

// Makes a good certificate with these authorities of clients.
void IssueWithAuthorities(Certificates& files, const std::string& authorities) {
  files.Issue("bad", {});
  files.Write("bad_ca.crt", authorities);
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

}  // namespace

const std::vector<BadTlsFiles>& AllBadTlsFiles() {
  static const auto& all = *new std::vector<BadTlsFiles>{
      {"SignedWithSha1",
       [](Certificates& files) { IssueBad(files, {.digest = "sha1"}); },
       "tls_certificate: block 1: ", "signed with SHA-1"},
      {"IssuerWithRsa1024",
       [](Certificates& files) { IssueBadChain(files, {.key = "rsa:1024"}); },
       "tls_certificate: block 2: ", "a key of RSA of 1024 bits"},
      {"IssuerSignedWithSha1",
       [](Certificates& files) { IssueBadChain(files, {.digest = "sha1"}); },
       "tls_certificate: block 2: ", "signed with SHA-1"},
      {"Rsa1024",
       [](Certificates& files) { IssueBad(files, {.key = "rsa:1024"}); },
       "tls_key: ", "got RSA of 1024 bits"},
      {"P224", [](Certificates& files) { IssueBad(files, {.key = "P-224"}); },
       "tls_key: ", "got secp224r1"},
      {"Dsa", [](Certificates& files) { IssueBad(files, {.key = "dsa"}); },
       "tls_key: ", "got DSA of 2048 bits"},
      {"Expired", [](Certificates& files) { IssueBad(files, {.days = -1}); },
       "tls_certificate: block 1: ", "expired at 20"},
      {"NotYetValid",
       [](Certificates& files) {
         IssueBad(files, {.not_before = "20991231000000Z"});
       },
       "tls_certificate: block 1: ", "not valid before 2099-12-31T00:00:00Z"},
      {"ForClientsAlone",
       [](Certificates& files) {
         IssueBad(files, {.extensions = {"extendedKeyUsage=clientAuth"}});
       },
       "tls_certificate: block 1: ", "not for TLS servers"},
      {"ExpiredIssuer",
       [](Certificates& files) { IssueBadChain(files, {.days = -1}); },
       "tls_certificate: block 2: ", "expired at 20"},
      {"IssuerIsNoAuthority",
       [](Certificates& files) {
         files.Issue("issuer",
                     {.extensions = {"basicConstraints=critical,CA:FALSE"}});
         IssueBad(files, {.authority = "issuer"});
         files.Write("bad.crt", absl::StrCat(files.Read("bad.crt"),
                                             files.Read("issuer.crt")));
       },
       "tls_certificate: block 2: ", "invalid CA certificate"},
      {"ChainThatLeadsElsewhere",
       [](Certificates& files) {
         IssueBad(files, {});
         files.Write("bad.crt", absl::StrCat(files.Read("bad.crt"),
                                             files.Read("client.crt")));
       },
       "tls_certificate: block 2: ", "not the certificate that issued block 1"},
      {"AuthoritiesWithLongNames",
       [](Certificates& files) {
         files.MakeAuthority("long", "P-256",
                             absl::StrCat("/O=", std::string(60, 'x'),
                                          "/CN=", std::string(60, 'y')));
         IssueWithAuthorities(files, Repeat(files.Read("long.crt"), 800));
       },
       "tls_client_ca: ", "want at most 65535"},
      {"NoAuthorityThatIsValid",
       [](Certificates& files) {
         files.Issue("old authority", {.days = -1});
         IssueWithAuthorities(files, files.Read("old authority.crt"));
       },
       "tls_client_ca: block 1: ", "expired at 20"},
      {"NoAuthorityThatIsStrong",
       [](Certificates& files) {
         files.MakeAuthority("weak", "rsa:1024");
         IssueWithAuthorities(files, files.Read("weak.crt"));
       },
       "tls_client_ca: block 1: ", "a key of RSA of 1024 bits"}};
  return all;
}

}  // namespace proofmint::testing
