// RunDoctor examines a connection to an identity provider, from the signer to
// the tokens: `proofmint doctor`.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_DOCTOR_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_DOCTOR_H_

#include "signer/tools/doctor/http_client.h"
#include "signer/tools/doctor/login.h"
#include "signer/tools/doctor/oauth_client.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/doctor/report.h"
#include "signer/tools/doctor/signer_checks.h"

namespace proofmint::doctor {

// DoctorTools are what RunDoctor works with. All are borrowed.
struct DoctorTools {
  const SignerAccess& signer;
  HttpClient& http;
  const OAuthClient& client;
  LogIn log_in;  // only for Grant::kLogin
};

// RunDoctor returns a report with every check, in one order and each id once. A
// fault fails the one check that it belongs to; those that it makes pointless
// are skipped. Nothing secret is sent to an endpoint that discovery.issuer or
// discovery.endpoints failed.
Report RunDoctor(const DoctorOptions& options, const DoctorTools& tools);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_DOCTOR_H_
