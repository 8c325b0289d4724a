// Login is the front-channel half of a login: the authorization request with
// PKCE, and the redirect that brings the code.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/tools/doctor/oauth_client.h"
#include "signer/tools/doctor/options.h"

namespace proofmint::doctor {

// LogIn shows a person the URL of the authorization endpoint, and returns the
// URL to which the provider redirected the browser. It holds the code: a
// secret.
using LogIn =
    std::function<absl::StatusOr<std::string>(const std::string& url)>;

// Login holds what one login must remember.
class Login {
 public:
  Login(const ConnectionOptions& options, std::string client_id);

  // Returns the parameters of the authorization request (RFC 6749
  // section 4.1.1, RFC 7636 section 4.3). `jkt`, if not empty, pins the code to
  // a key (RFC 9449 section 10).
  Form AuthorizationParameters(absl::string_view jkt) const;

  // Returns the code in `redirect`. Fails with INVALID_ARGUMENT, without
  // showing it, unless it is the redirect of this login: state must agree, and
  // iss (RFC 9207) if it is there; with FAILED_PRECONDITION, naming the
  // provider's error, if it brings one.
  absl::StatusOr<std::string> ReadCode(absl::string_view redirect) const;

  // Returns the fields of the token request that redeems `code`.
  Form TokenParameters(const std::string& code) const;

 private:
  const ConnectionOptions options_;
  const std::string client_id_;
  const std::string state_;
  const std::string nonce_;
  const std::string verifier_;
};

// AddQuery appends `parameters` to the query of `url`.
std::string AddQuery(const std::string& url, const Form& parameters);

// MadeUpCode returns the fields of a token request with a code that no provider
// has given.
Form MadeUpCode(const ConnectionOptions& options);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_LOGIN_H_
