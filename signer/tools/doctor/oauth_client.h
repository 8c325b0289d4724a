// OAuthClient is the client that the doctor is at the identity provider, and
// how it authenticates there.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_OAUTH_CLIENT_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_OAUTH_CLIENT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/tools/doctor/http_client.h"

namespace proofmint::doctor {

// AuthenticationMethod is a token_endpoint_auth_method of OpenID Connect Core
// section 9.
enum class AuthenticationMethod {
  kNone,               // a public client sends its client_id alone
  kClientSecretBasic,  // RFC 6749 section 2.3.1
  kClientSecretPost,
  kPrivateKeyJwt,  // RFC 7523 section 2.2
};

absl::string_view AuthenticationMethodName(AuthenticationMethod method);

using Form = std::vector<std::pair<std::string, std::string>>;

// OAuthClient authenticates requests. The secret and the private key are in
// memory until it is destroyed, and in no text that it returns but
// Authenticate's.
class OAuthClient {
 public:
  struct Options {
    std::string id;
    AuthenticationMethod method = AuthenticationMethod::kNone;
    std::string secret;           // for the two methods with a secret
    std::string private_key_pem;  // for kPrivateKeyJwt
  };

  // Fails with INVALID_ARGUMENT, without showing the key, unless the PEM holds
  // an unencrypted private key that is RSA of 2048 bits or more, P-256 or
  // Ed25519.
  static absl::StatusOr<OAuthClient> New(Options options);

  OAuthClient(OAuthClient&&) noexcept;
  OAuthClient& operator=(OAuthClient&&) noexcept;
  ~OAuthClient();

  const std::string& id() const { return options_.id; }
  AuthenticationMethod method() const { return options_.method; }

  // Adds what authenticates the client to a request: fields of `form`, or the
  // header Authorization. A client assertion is for `audience`, the URL of the
  // token endpoint, and has a new jti each time, since providers accept one
  // once. Fails with INTERNAL if signing it fails.
  absl::Status Authenticate(absl::string_view audience, absl::Time now,
                            Form& form, HttpRequest& request) const;

 private:
  struct PrivateKey;
  explicit OAuthClient(Options options);

  absl::StatusOr<std::string> SignAssertion(absl::string_view audience,
                                            absl::Time now) const;

  Options options_;
  std::unique_ptr<PrivateKey> private_key_;  // null without an assertion
};

// RandomText returns 256 random bits in base64url, 43 characters.
std::string RandomText();

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_OAUTH_CLIENT_H_
