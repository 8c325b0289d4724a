// Throw-away certificates for tests of TLS.

#ifndef PROOFMINT_TESTS_TESTING_CERTIFICATES_H_
#define PROOFMINT_TESTS_TESTING_CERTIFICATES_H_

#include <string>
#include <vector>

#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// Certificates are made by the openssl command: an authority "ca" and, signed
// by it for 127.0.0.1, a "server" and a "client", each a NAME.crt and a
// NAME.key.
class Certificates {
 public:
  Certificates();

  std::string Path(const std::string& name) const { return directory_ / name; }
  // The text of a file, such as "server.key".
  std::string Read(const std::string& name) const;

 private:
  void OpenSsl(std::vector<std::string> arguments);

  TempDir directory_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_CERTIFICATES_H_
