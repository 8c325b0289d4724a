// Outcome says how an exchange ended.

#ifndef PROOFMINT_SIGNER_EXCHANGE_OUTCOME_H_
#define PROOFMINT_SIGNER_EXCHANGE_OUTCOME_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace proofmint {

// Verdict classes the end of an exchange by what to do about it.
enum class Verdict {
  kGranted,            // the server granted the request
  kNotBound,           // it did, but the token is not bound to a key
  kBindingMismatch,    // the token is bound to another key than ours
  kProofRejected,      // it refused the proof
  kNonceRejected,      // it challenged again, or gave no nonce that can be used
  kRefused,            // it refused for a reason that is not DPoP
  kMalformedAnswer,    // its answer cannot be used
  kIdpUnavailable,     // it was not reached, or answered that it cannot now
  kSignerUnavailable,  // no proof now; nothing was sent; try again
  kSignerRefused,      // no proof; a retry will not help
  kNotSent,            // the request was not sent
};

// Binding says what is known about the key that a token is bound to.
enum class Binding {
  kNone,       // no token, or one that is not bound
  kClaimed,    // the server says so, the token shows nothing
  kConfirmed,  // the token, or its introspection, names our key
  kMismatch,   // it names another key
};

// Hint is the likely cause where the verdict alone does not tell it.
enum class Hint {
  kNone,
  kChallengeWithoutNonce,    // a proxy may strip the header DPoP-Nonce
  kUnusableNonce,            // the header DPoP-Nonce is not a nonce
  kNonceRepeated,            // the nonce that was refused is offered again
  kNonceChangedTwice,        // the second proof's nonce was refused, too
  kProofNamedInDescription,  // only error_description names DPoP
  kPinnedKey,                // the code or refresh token may have another key
  kTokenExpiredOrOtherKey,   // of a resource's answer
  kTokenOfOtherKey,          // the token names another key than the proof's
  kAlgorithmNotAccepted,     // the resource lists other algorithms
  kTokenWithoutKey,          // the token is a JWT without cnf.jkt
  kBearerTokenWithKey,       // the token names our key, token_type is bearer
  kTokenTypeMissing,         // the answer has no token_type
  kRedirected,               // the answer is a redirect, which is not followed
  kBodyTooLarge,             // the body is larger than kMaxBodySize
  kTokenNotUsable,           // the token or its type cannot be sent
};

// Outcome holds the end of an exchange and what a log record needs. Its texts
// hold no secret, except `body`, `key_handle` and `transport`, which comes from
// the driver.
struct Outcome {
  Verdict verdict = Verdict::kNotSent;
  Binding binding = Binding::kNone;
  Hint hint = Hint::kNone;
  // "dpop", "bearer" or another, in lower case and printable ASCII; empty: no
  // token came, or it has no token_type.
  std::string idp_token_type;
  bool downgrade = false;  // a token came, of another type than "DPoP"

  // The key of the last proof, to which tokens are bound. Keep the handle as
  // secret as the token and for as long. The handle is empty unless the options
  // have one or ask for one.
  std::string jkt;
  std::string key_handle;

  // The OAuth error of the answer that ended the exchange, or the code
  // "dpop_key_generation_failed". Printable ASCII, each at most 256 bytes.
  // Nonces, access tokens and JWTs in them are replaced by "[redacted]".
  std::string error;
  std::string error_description;

  int http_status = 0;  // of the answer that ended the exchange; 0: none did
  int attempts = 0;     // HTTP requests
  int nonce_challenges = 0;      // answers that asked for another nonce
  bool nonce_malformed = false;  // an answer had a nonce that cannot be used
  bool nonce_ambiguous = false;  // an answer had different nonces

  // Whether the same request may be made again, with a new exchange: it was
  // certainly not carried out, or does no harm twice.
  bool safe_to_repeat = false;
  std::optional<absl::Duration> retry_after;  // with kIdpUnavailable
  // How far the server's clock is ahead of ours, by its last Date.
  std::optional<absl::Duration> clock_skew;

  // These describe an answer that could not be read; they quote nothing of its
  // body.
  std::string location_host;  // of a redirect
  std::string content_type;   // printable ASCII, at most 256 bytes
  size_t body_size = 0;

  absl::Status signer;     // not OK with kSignerUnavailable, kSignerRefused
  absl::Status transport;  // not OK if an attempt had no answer
  absl::Duration signer_time = absl::ZeroDuration();  // of all proofs
  std::vector<absl::Duration> idp_times;              // one for each attempt

  // The body of the answer that ended the exchange, with tokens and all; empty
  // if it is larger than kMaxBodySize.
  std::string body;

  // ok tells whether the caller may go on: the request was granted, with a
  // token that ExchangeOptions::binding accepts.
  bool ok() const { return accepted; }
  bool accepted = false;
};

// All functions are thread-safe.

// VerdictName and BindingName return the names of log records and test cases,
// such as "proof_rejected" and "confirmed"; HintName those of test cases, such
// as "challenge_without_nonce".
absl::string_view VerdictName(Verdict verdict);
absl::string_view BindingName(Binding binding);
absl::string_view HintName(Hint hint);

// HintText returns a sentence for an operator; empty for kNone.
absl::string_view HintText(Hint hint);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_OUTCOME_H_
