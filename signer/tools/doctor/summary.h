// Adds the check summary: the ultimate error, and whether DPoP is to blame.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_SUMMARY_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_SUMMARY_H_

#include <optional>
#include <string>

#include "signer/tools/doctor/discovery.h"
#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// RequestResult is the end of the requests with proofs.
struct RequestResult {
  std::optional<Sent> token;  // absent: there was no token request
  std::optional<Sent> userinfo;
  bool is_probe = false;  // the code was made up, so invalid_grant is good
  std::string problem;    // why a login brought no code
};

// CheckSummary adds the check. It fails only for what no check before failed
// for: a refusal that DPoP did not cause, or a login without a code.
void CheckSummary(const Discovery& discovery, const RequestResult& result,
                  Report& report);

// RemedyForRefusal says where to look for the cause of an OAuth error that is
// not of DPoP.
std::string RemedyForRefusal(const Outcome& outcome);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_SUMMARY_H_
