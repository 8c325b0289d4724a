// Makes throw-away certificates for tests of TLS.

#ifndef PROOFMINT_TESTS_TESTING_CERTIFICATES_H_
#define PROOFMINT_TESTS_TESTING_CERTIFICATES_H_

#include <string>
#include <vector>

#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// Certificates makes certificates with the openssl command: an authority "ca"
// and, signed by it for 127.0.0.1, a "server" and a "client", each a NAME.crt
// and a NAME.key; and others on demand.
class Certificates {
 public:
  Certificates();

  // Makes another authority, with a `key` as NewKey has it and `subject`, which
  // is made of `name` if it is empty.
  void MakeAuthority(const std::string& name, const std::string& key = "P-256",
                     const std::string& subject = "");

  struct Options {
    // The subjectAltNames in openssl's form, such as
    // "DNS:a.example,URI:spiffe://td/a".
    std::string alt_names = "IP:127.0.0.1";
    std::string authority = "ca";
    int days = 2;  // until it expires; negative if it has expired
    // When it begins to be valid, such as "20990101000000Z"; empty for now.
    std::string not_before = "";
    std::string key = "P-256";      // as NewKey has it
    std::string digest = "sha256";  // of the authority's signature
    // More extensions, such as "extendedKeyUsage=clientAuth".
    std::vector<std::string> extensions = {};
  };

  // Makes NAME.key: a curve of OpenSSL, such as "P-256", "rsa:BITS", "dsa" or
  // "ed25519".
  void NewKey(const std::string& name, const std::string& key);

  // Makes the certificate `name`, or replaces it.
  void Issue(const std::string& name, const Options& options);

  std::string Path(const std::string& name) const { return directory_ / name; }
  // Returns the text of a file, such as "server.key".
  std::string Read(const std::string& name) const;
  void Write(const std::string& name, const std::string& text) const;

  // Runs openssl with `arguments`, which must succeed.
  void OpenSsl(std::vector<std::string> arguments) const;

 private:
  TempDir directory_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_CERTIFICATES_H_
