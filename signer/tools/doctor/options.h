// Options says what `proofmint doctor` and `proofmint token` are to do.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_OPTIONS_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_OPTIONS_H_

#include <string>
#include <vector>

#include "signer/dpop/algorithm.h"
#include "signer/exchange/server_metadata.h"

namespace proofmint::doctor {

// Grant says how the doctor gets answers from the token endpoint.
enum class Grant {
  kNone,               // not at all: discovery alone
  kCodeProbe,          // with made-up authorization codes: needs no user
  kClientCredentials,  // RFC 6749 section 4.4
  kLogin,              // a person logs in (RFC 6749 section 4.1, RFC 7636)
};

// ConnectionOptions describes a connection of a broker to an identity provider.
struct ConnectionOptions {
  std::string issuer;
  std::vector<dpop::Algorithm> algorithms;  // in order of preference
  Transport transport = Transport::kTls;
  bool require_bound = false;  // a token that is not bound is a failure
  std::string scope;
  std::string resource;      // RFC 8707; empty: none
  std::string redirect_uri;  // of the client, for authorization codes
};

struct DoctorOptions {
  ConnectionOptions connection;
  Grant grant = Grant::kNone;
  bool pin_code = false;  // sends dpop_jkt (RFC 9449 section 10)
  bool pushed = false;    // sends a PAR (RFC 9126)
  bool spoiled = false;   // also sends bad proofs
  std::string version;    // of this program
};

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_OPTIONS_H_
