// IdentityProvider sends a provider the requests of a broker, with proofs.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_IDENTITY_PROVIDER_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_IDENTITY_PROVIDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/nonce_store.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/proof_source.h"
#include "signer/exchange/server_metadata.h"
#include "signer/tools/doctor/http_client.h"
#include "signer/tools/doctor/oauth_client.h"
#include "signer/tools/doctor/spoiled_proof_source.h"

namespace proofmint::doctor {

// Sent is one exchange with the provider, of one or two attempts.
struct Sent {
  std::string grant_type;  // empty: not a token request
  Outcome outcome;
  bool new_nonce = false;  // the last answer offered a nonce
  std::vector<HttpLine> http;
};

// Tokens are the members of a token answer. What is missing is empty.
struct Tokens {
  std::string access_token;
  std::string token_type;
  std::string refresh_token;
};

// ReadTokens reads the body of a granted token request.
Tokens ReadTokens(const Outcome& outcome);

// HasToken tells whether an access token came, whatever it is bound to.
bool HasToken(const Outcome& outcome);

// KeyChoice says which key signs: a new one, or that of an earlier proof.
struct KeyChoice {
  std::string handle;  // empty: a new key
  bool return_handle = false;
};

// IdentityProvider is one provider with one client of it. Not thread-safe.
class IdentityProvider {
 public:
  struct Parts {
    ServerMetadata metadata;
    dpop::Algorithm algorithm = dpop::Algorithm::kEs256;
    bool require_bound = false;
    // Borrowed.
    const OAuthClient& client;
    ProofSource& signer;
    HttpClient& http;
  };

  explicit IdentityProvider(Parts parts);

  const ServerMetadata& metadata() const { return parts_.metadata; }
  const OAuthClient& client() const { return parts_.client; }
  dpop::Algorithm algorithm() const { return parts_.algorithm; }

  // Signs the following proofs with `algorithm`.
  void set_algorithm(dpop::Algorithm algorithm) {
    parts_.algorithm = algorithm;
  }
  // Sends proofs with `spoil` wrong until told otherwise.
  void set_spoil(Spoil spoil) { signer_.Set(spoil); }

  // Returns how many more token requests the limit allows; an exchange needs
  // one or, if it is challenged for a nonce, two.
  int RequestsLeft() const;

  // Sends a token request with the fields of `form`, which needs neither
  // grant_type nor what authenticates the client.
  Sent RequestToken(absl::string_view grant_type, const Form& form,
                    const KeyChoice& key = {});

  // Pushes an authorization request (RFC 9126).
  Sent Push(const Form& form, const KeyChoice& key);

  // Calls the userinfo endpoint with an access token.
  Sent GetUserinfo(const Tokens& tokens, const KeyChoice& key);

  // Returns the JSON body of an introspection (RFC 7662). Fails with
  // UNAVAILABLE without an answer, and FAILED_PRECONDITION unless it is 200
  // with a JSON object.
  absl::StatusOr<std::string> Introspect(const std::string& token);

  // Makes a proof that is not sent, to learn a key before it is used.
  absl::StatusOr<Proof> SignForLater();

  // Returns the record that a broker would log.
  std::string LogRecord(const Sent& token, const Sent* userinfo) const;

 private:
  ExchangeOptions OptionsFor(const std::string& url,
                             const KeyChoice& key) const;
  // `form` is null for a request that needs no client authentication.
  Sent RunExchange(Exchange exchange, const HttpRequest& request,
                   const Form* form);

  Parts parts_;
  SpoiledProofSource signer_;
  NonceStore nonces_;
};

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_IDENTITY_PROVIDER_H_
