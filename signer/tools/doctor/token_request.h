// RequestToken makes one token request, from discovery to the log record:
// `proofmint token`.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_REQUEST_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_REQUEST_H_

#include <string>

#include "signer/dpop/algorithm.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/proof_source.h"
#include "signer/tools/doctor/http_client.h"
#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/oauth_client.h"
#include "signer/tools/doctor/options.h"

namespace proofmint::doctor {

struct TokenRequestOptions {
  ConnectionOptions connection;
  std::string grant_type;
  Form form;  // the fields besides grant_type and what authenticates the client
  KeyChoice key;
};

// TokenResult is the end of a request. If it was not sent, the outcome's
// error_description says why.
struct TokenResult {
  Outcome outcome;
  dpop::Algorithm
      algorithm;  // that of the proof or, without one, the first wish
  std::string log_record;
};

TokenResult RequestToken(const TokenRequestOptions& options,
                         const OAuthClient& client, ProofSource& signer,
                         HttpClient& http);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_REQUEST_H_
