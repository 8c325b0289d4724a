// LogRecord writes what a broker logs of one login, so that an operator can
// tell a failure of DPoP from any other.

#ifndef PROOFMINT_SIGNER_EXCHANGE_LOG_RECORD_H_
#define PROOFMINT_SIGNER_EXCHANGE_LOG_RECORD_H_

#include <cstddef>
#include <optional>
#include <string>

#include "signer/dpop/algorithm.h"
#include "signer/exchange/outcome.h"

namespace proofmint {

inline constexpr size_t kMaxLoggedText = 512;  // bytes of one text

// LogContext is what the broker knows of a login. What is empty is left out of
// the record.
struct LogContext {
  std::string issuer = "";
  std::string client_id = "";
  std::string grant_type = "";
  std::string trace_id = "";  // W3C Trace Context: joins with the audit log
  // What failed after the token came, such as "id_token: signature does not
  // verify". It makes the login a failed one. Must hold no secret.
  std::string later_failure = "";
};

// LogRecord returns one JSON object in one line of ASCII, without an end of
// line. `configured` is the algorithm in use, with the label that is sent, or
// nullopt if DPoP is not configured for the connection. `token` is the outcome
// of the token request, and `userinfo` that of the userinfo request, or null if
// there was none.
//
//   type              "s" if the login succeeded, otherwise "f"
//   description       for people; everything else is for programs
//   issuer, client_id, grant_type, trace_id
//   dpop_signing_alg  in every record of a connection with DPoP, in no other
//   idp_token_type    "dpop", "bearer" or another; only if a token came
//   binding           BindingName; only if a token came
//   downgrade         whether the token is of another type than dpop; only if
//                     a token came
//   jkt               of the last proof; it joins with the signer's audit log
//   upstream_userinfo_fetch  {"status", "dpop_bound"}: the HTTP status, and
//                     whether the request carried a proof
//
// The rest describes the token request, or the userinfo request if only that
// failed:
//
//   outcome, hint     VerdictName, HintName
//   error, error_description  of the last attempt: a nonce challenge that was
//                     followed by another end is not an error
//   http_status, attempts, nonce_challenges
//   idp_ms            a time for each attempt
//   nonce_malformed, nonce_ambiguous  only if true
//   location_host, content_type, body_size  of an answer that is not usable
//   retry_after_s
//   clock_skew_s      the identity provider's clock less ours
//   signer_code, signer_reason, signer_field, signer_ms
//
// Without DPoP configured there is nothing that describes proofs and their
// effect. No record holds a token, proof, nonce, key handle, code or body. Each
// text is cut at kMaxLoggedText bytes. Thread-safe.
std::string LogRecord(const LogContext& context,
                      std::optional<dpop::Algorithm> configured,
                      const Outcome& token, const Outcome* userinfo = nullptr);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_LOG_RECORD_H_
