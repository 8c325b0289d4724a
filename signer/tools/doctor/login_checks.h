// Checks what only a login can show: userinfo.bound, userinfo.other_key,
// refresh.bound, code.pinned, par.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_CHECKS_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_CHECKS_H_

#include <optional>
#include <string>

#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/login.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// LoginResult is the end of a login.
struct LoginResult {
  std::optional<Sent> token;  // absent: no code came
  std::string problem;        // why no code came
  KeyChoice key;              // the key to which the code is pinned, if it is
  std::optional<Check> par;   // the check, to be added in its place
};

// RunLogin pushes the request if `options` asks for it, has a person log in,
// and redeems the code.
LoginResult RunLogin(const DoctorOptions& options, const LogIn& log_in,
                     bool pushed_required, IdentityProvider& provider);

// CheckLogin adds the checks for a login of which `token` is the end, and
// returns the userinfo request if there was one.
std::optional<Sent> CheckLogin(const DoctorOptions& options,
                               const LoginResult& login,
                               IdentityProvider& provider, Report& report);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_CHECKS_H_
