// Makes TLS files that serve no client.

#ifndef PROOFMINT_TESTS_TESTING_BAD_TLS_FILES_H_
#define PROOFMINT_TESTS_TESTING_BAD_TLS_FILES_H_

#include <ostream>
#include <string>
#include <vector>

#include "tests/testing/certificates.h"

namespace proofmint::testing {

// BadTlsFiles is one way in which TLS files can be bad.
struct BadTlsFiles {
  const char* name;
  // Makes "bad.crt", "bad.key" and "bad_ca.crt" in the folder.
  void (*make)(Certificates&);
  const char* flag;    // that the error begins with
  const char* reason;  // that it has in it
};

inline void PrintTo(const BadTlsFiles& files, std::ostream* out) {
  *out << files.name;
}

const std::vector<BadTlsFiles>& AllBadTlsFiles();

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_BAD_TLS_FILES_H_
