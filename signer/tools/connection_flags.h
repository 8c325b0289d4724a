// Shares the flags of the commands that act as a broker: `proofmint doctor` and
// `proofmint token`.

#ifndef PROOFMINT_SIGNER_TOOLS_CONNECTION_FLAGS_H_
#define PROOFMINT_SIGNER_TOOLS_CONNECTION_FLAGS_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "signer/client/signer_client.h"
#include "signer/dpop/algorithm.h"
#include "signer/tools/doctor/oauth_client.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/rpc_client.h"

namespace proofmint::tools {

// ConnectionFlags describes the identity provider, the client there, and the
// signer. No flag takes a secret, which every process of the host could read:
// secrets come from files, or from standard input as the file "-".
struct ConnectionFlags {
  ServerFlags server;
  std::string issuer;
  std::string client_id;
  std::string client_secret_file;
  std::string client_assertion_key_file;
  std::string token_endpoint_auth_method;
  std::vector<dpop::Algorithm> algorithms;
  std::string scope;
  std::string resource;
  std::string redirect_uri;
  std::string ca_file;
  bool require_bound = false;
  bool allow_insecure_loopback = false;

  // Adds the flags and ISSUER to `command`, which writes their values to this
  // object.
  void AddTo(CLI::App& command);

  bool HasCredentials() const {
    return !client_secret_file.empty() || !client_assertion_key_file.empty();
  }

  // Returns the connection. Throws CLI::ValidationError, for wrong usage, if
  // ISSUER is not a URL that may be called.
  doctor::ConnectionOptions Connection() const;

  // Reads the secret or the key, and returns the client. Throws
  // CLI::ValidationError if a file cannot be read or the flags contradict each
  // other.
  doctor::OAuthClient NewOAuthClient() const;

  // Returns the signer. Throws CLI::ValidationError for a wrong target.
  std::unique_ptr<SignerClient> NewSignerClient() const;
};

// ReadSecret returns the first line of `file`, or of standard input for "-".
// Throws CLI::ValidationError for `flag` if it cannot be read, or has nothing.
std::string ReadSecret(const std::string& flag, const std::string& file);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_CONNECTION_FLAGS_H_
